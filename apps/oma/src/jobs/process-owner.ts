import { newId } from '../database/new-id.js';

/** This run of this process, as the owner of jobs. Two runs of one appliance share the part before the colon. */
export class ProcessOwner {
  readonly id: string;

  constructor(readonly applianceId: string) {
    this.id = `${applianceId}:${newId('run')}`;
  }
}
