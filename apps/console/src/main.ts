// The schemas must not be compiled with `new Function`: the appliance's content security policy forbids it, and
// even trying is reported as a violation. The switch is read when the first schema is made, so all else follows it.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });

import('./bootstrap').then(({ bootstrap }) => bootstrap()).catch((error: unknown) => console.error(error));

export {};
