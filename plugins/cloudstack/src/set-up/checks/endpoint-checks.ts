import { describeSkew } from '../../fault-to-error.js';
import { ofChosen, fail, pass, skipped, warning, type Check } from './check.js';
import { zoneUnsuitable } from '../suitability.js';

/** Up to here nothing is refused for the clocks, and logs can still be compared. */
const SLIGHT_SKEW_MS = 30_000;
/** Requests are valid for ten minutes; a server that enforces it takes none for more than fifteen. */
const GREAT_SKEW_MS = 5 * 60_000;
/** The first release whose API has all that is used here, by its generated clients; not tried at a server. */
const OLDEST = [4, 18] as const;

/** The endpoint, and the zone at it. */
export const ENDPOINT_CHECKS: readonly Check[] = [
  {
    check: 'connection-is-encrypted',
    title: 'The connection is encrypted',
    of: ({ credentials }) =>
      credentials.apiUrl.startsWith('https:')
        ? pass('The API is reached over https.')
        : warning(
            'The API is reached over http: requests cannot be forged, but they and their answers can be read, console addresses among them.',
            'Set up https at the management server, or before it, and enter its address.',
          ),
  },
  {
    check: 'clocks-agree',
    title: 'The clocks agree',
    of: ({ clockSkewMs }) => {
      if (clockSkewMs === undefined)
        return skipped('The server does not tell its time.', 'Make sure that both clocks are set by NTP.');
      const message = `The clock of this appliance is ${describeSkew(clockSkewMs)} the server's.`;
      const remedy = 'Have both set their clocks by NTP.';
      if (Math.abs(clockSkewMs) <= SLIGHT_SKEW_MS) return pass('The clocks agree within seconds.');
      return Math.abs(clockSkewMs) > GREAT_SKEW_MS ? fail(message, remedy) : warning(message, remedy);
    },
  },
  {
    check: 'release-is-supported',
    title: 'The release is supported',
    of: ({ capability: { cloudstackversion: version } }) => {
      const [major = Number.NaN, minor = Number.NaN] = (version ?? '').split('.').map(Number);
      if (version === undefined || Number.isNaN(major) || Number.isNaN(minor))
        return skipped('The server does not tell its release.', 'CloudStack 4.18 or later is needed.');
      const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
      return isOld
        ? fail(`This is CloudStack ${version}.`, 'CloudStack 4.18 or later is needed.', 'plugin.unsupported')
        : pass(`This is CloudStack ${version}.`);
    },
  },
  {
    check: 'snapshots-of-running-machines',
    title: 'Volumes of the running appliance can be snapshotted',
    of: ({ capability: { kvmsnapshotenabled: enabled }, selection: { snapshots } }) => {
      if (enabled === undefined)
        return skipped(
          'The server does not tell whether snapshots of running machines are enabled.',
          'Make sure that the setting kvm.snapshot.enabled is true.',
        );
      if (enabled) return pass('kvm.snapshot.enabled is true.');
      const message = 'kvm.snapshot.enabled is false: volumes are detached for each of their snapshots.';
      const remedy =
        'Have an administrator set kvm.snapshot.enabled to true; from 4.22 on that is the default.';
      // who has said that snapshots are instant counts on their being taken while attached
      return snapshots === 'instant'
        ? fail(message, `${remedy} Or choose "copied".`, 'plugin.unsupported')
        : warning(message, remedy);
    },
  },
  {
    check: 'zone-is-available',
    title: 'The zone is available',
    of: ({ zone }) =>
      ofChosen(zone, 'zone', (chosen) => {
        const reason = zoneUnsuitable(chosen, undefined);
        return reason === undefined
          ? pass(`The zone "${chosen.name}" is enabled.`)
          : fail(`The zone "${chosen.name}": ${reason}`, 'Enable the zone, or choose another one.');
      }),
  },
];
