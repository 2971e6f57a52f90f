import { OneTimeCode } from './one-time-code.js';

/** Somebody at the appliance's own console reads it and types it elsewhere: that takes minutes. */
const RECOVERY_MS = 3_600_000;

/** The one-time codes that let people in without a password. */
export class AccessCodes {
  /** Of the first start. */
  readonly setUp: OneTimeCode;
  /** Of the administrator who has lost the password; made by the `recover` command on the machine itself. */
  readonly recovery: OneTimeCode;

  constructor(stateDir: string) {
    this.setUp = new OneTimeCode(stateDir, 'set-up-code');
    this.recovery = new OneTimeCode(stateDir, 'recovery-code', RECOVERY_MS);
  }
}
