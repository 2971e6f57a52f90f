import { describe, it } from 'vitest';
import { describeSourcePlugin, describeTargetPlugin } from './index.js';
import { MemoryHost, memorySourceSubject } from './memory/memory-source.js';
import { MemoryCloud, memoryTargetSubject } from './memory/memory-target.js';

describeSourcePlugin(() => memorySourceSubject(new MemoryHost()), { describe, it });
describeTargetPlugin(() => memoryTargetSubject(new MemoryCloud()), { describe, it });
