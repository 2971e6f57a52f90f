import type { CallOptions, PluginContext } from '@ossea/plugin-sdk';
import { dumpPlugin, type PluginDump } from './plugin-dump.js';
import type { VddkSettings } from './transport-settings.js';

/** What is installed of VDDK, or why it is of no use. */
export type VddkInspection =
  | {
      readonly usable: true;
      readonly pluginVersion: string;
      /** `8.0.3` where the name of the library's file tells it, else its major version. */
      readonly libraryVersion: string;
      readonly transportModes: readonly string[];
    }
  | { readonly usable: false; readonly because: string };

const BRING_YOUR_OWN =
  'VDDK is proprietary and cannot come with this appliance: download "VMware Virtual Disk Development Kit" for ' +
  'Linux from its maker, unpack it here, and set libdir to its directory vmware-vix-disklib-distrib.';

/**
 * Its maker's rule, said to people as it stands: nothing here enforces it, because a combination outside of it
 * often works (VDDK release notes, "Compatibility Notices").
 */
export const SUPPORT_RULE =
  'Its maker supports a VDDK with the two vSphere releases before its own, with its own, and with the next one.';

/** Asks nbdkit what it finds, without connecting to anything. Throws `call.aborted`. */
export async function inspectVddk(
  context: PluginContext,
  settings: VddkSettings | undefined,
  call: CallOptions,
): Promise<VddkInspection> {
  if (!settings) return { usable: false, because: `It is not set up. ${BRING_YOUR_OWN}` };
  const dump = await dumpPlugin(context, settings.plugin, [`libdir=${settings.libdir}`], call);
  if ('because' in dump) return { usable: false, because: dump.because };
  return judge(dump.facts, settings);
}

/** Judges what nbdkit-vddk-plugin(1), "DUMP-PLUGIN OUTPUT", describes. */
export function judge(facts: PluginDump, { plugin, libdir, transports }: VddkSettings): VddkInspection {
  const unusable = (because: string) => ({ usable: false, because }) as const;
  if (!facts.has('vddk_default_libdir'))
    return unusable(`The plugin "${plugin}" of nbdkit does not read VMware's disks.`);
  const pluginVersion = facts.get('version') ?? 'unknown';
  if (!facts.has('vddk_has_nfchostport'))
    return unusable(`nbdkit-vddk-plugin ${pluginVersion} is too old. Install 1.42 or later.`);
  const major = facts.get('vddk_library_version');
  if (major === undefined)
    return unusable(
      `There is no VDDK in "${libdir}" that nbdkit-vddk-plugin ${pluginVersion} can load. ${BRING_YOUR_OWN}`,
    );
  // the major version says 6 for 6.5 too, which cannot tell what is allocated
  if (Number(major) < 6 || !facts.has('VixDiskLib_QueryAllocatedBlocks'))
    return unusable(
      `The VDDK in "${libdir}" is older than 6.7. Install one that fits your vSphere. ${SUPPORT_RULE}`,
    );
  const transportModes = (facts.get('vddk_transport_modes') ?? '').split(':').filter(Boolean);
  const wanted = transports.split(':');
  if (transportModes.length > 0 && !wanted.some((mode) => transportModes.includes(mode)))
    return unusable(
      `This VDDK knows the transport modes ${transportModes.join(', ')}, none of which is set (${transports}).`,
    );
  return {
    usable: true,
    pluginVersion,
    libraryVersion: /\.so\.(\d+(?:\.\d+)+)$/.exec(facts.get('vddk_dll') ?? '')?.[1] ?? major,
    transportModes,
  };
}
