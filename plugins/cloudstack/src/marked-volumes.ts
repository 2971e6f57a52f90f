import { MigrationError } from '@ossea/errors';
import type { CallOptions, IdempotencyKey, VolumeRef } from '@ossea/plugin-sdk';
import { madeOnce, type Cloud } from './cloud.js';
import { successSchema, volumeSchema, type Params, type Volume } from './client/index.js';
import { KEY_TAG, carries, markIn, markOf, markedName, oldestFirst, tag, tagOf } from './marks.js';
import { inUse, isGone, readVolume, settledVolume } from './volume-reads.js';

const USABLE: ReadonlySet<string> = new Set(['Allocated', 'Ready']);

/** Volumes that carry a mark of ours, blank ones and those made from a snapshot. */
export class MarkedVolumes {
  constructor(private readonly cloud: Cloud) {}

  /**
   * Makes a volume once: by `createVolume` with `params`, under a name with the key's mark.
   * Throws `disk.size-mismatch` where it is smaller than asked for, and what CloudStack refuses.
   */
  async create(
    made: 'volume' | 'clone',
    spec: { readonly name: string; readonly sizeBytes: number; readonly params: Params },
    options: CallOptions & { readonly key: IdempotencyKey },
  ): Promise<VolumeRef> {
    const mark = markOf(made, options.key);
    const { client, settings } = this.cloud;
    const params = { ...spec.params, name: markedName(spec.name, mark), zoneid: settings.zoneId };
    const known = await madeOnce(
      () => this.one(mark, options.key, options),
      () => client.job('createVolume', params, volumeSchema, options),
      options,
    );
    await this.removeTwins(mark, known.id, options);
    const volume = (await settledVolume(this.cloud, known.id, options)) ?? known;
    if (!USABLE.has(volume.state))
      throw new MigrationError('resource.busy', `The volume "${volume.name}" is ${volume.state}.`);
    if (volume.size !== undefined && volume.size < spec.sizeBytes)
      throw new MigrationError(
        'disk.size-mismatch',
        `The volume has ${volume.size} bytes, ${spec.sizeBytes} were asked for.`,
        { context: { volume: volume.id } },
      );
    await tag(this.cloud, made, volume, { [KEY_TAG]: options.key }, options);
    return volume.id;
  }

  async find(
    made: 'volume' | 'clone',
    key: IdempotencyKey,
    options: CallOptions,
  ): Promise<{ readonly ref: VolumeRef; readonly complete: boolean } | undefined> {
    const volume = await this.one(markOf(made, key), key, options);
    if (!volume) return undefined;
    return { ref: volume.id, complete: USABLE.has(volume.state) && tagOf(volume, KEY_TAG) === key };
  }

  /** Deletes a volume of ours, and what a doubled request made beside it. Throws `volume.in-use` while it is attached. */
  async remove(id: VolumeRef, options: CallOptions): Promise<void> {
    const volume = await settledVolume(this.cloud, id, options);
    if (!volume) return;
    if (volume.virtualmachineid !== undefined) throw inUse(volume);
    const mark = markIn(volume.name);
    await this.delete(volume, options);
    if (mark !== undefined) await this.removeTwins(mark, volume.id, options);
  }

  private async delete({ id }: Volume, options: CallOptions): Promise<void> {
    try {
      await this.cloud.client.write('deleteVolume', { id }, successSchema, options);
    } catch (fault) {
      options.signal.throwIfAborted();
      if (await readVolume(this.cloud, id, options)) throw fault;
    }
  }

  /** What a request left that was sent twice on its way: never attached, never tagged, with our mark. */
  private async removeTwins(mark: string, keep: string, options: CallOptions): Promise<void> {
    for (const twin of await this.allOf(mark, options)) {
      const isOurs = twin.id !== keep && tagOf(twin, KEY_TAG) === undefined;
      if (isOurs && twin.virtualmachineid === undefined) {
        this.cloud.context.log.warn('A second volume was made by one request; it is removed.', {
          volume: twin.id,
        });
        await this.delete(twin, options);
      }
    }
  }

  /** The volume of a mark: the one that was tagged, else the oldest; by its tag where somebody has renamed it. */
  private async one(mark: string, key: IdempotencyKey, options: CallOptions): Promise<Volume | undefined> {
    const named = await this.allOf(mark, options);
    const tagged = named.find((volume) => tagOf(volume, KEY_TAG) === key);
    if (tagged ?? named[0]) return tagged ?? named[0];
    const params = { tags: [{ key: KEY_TAG, value: key }], listall: true };
    const found = await this.cloud.client.list('listVolumes', params, volumeSchema, options);
    return found.find((volume) => !isGone(volume));
  }

  private async allOf(mark: string, options: CallOptions): Promise<Volume[]> {
    const params = { keyword: mark, listall: true };
    const found = await this.cloud.client.list('listVolumes', params, volumeSchema, options);
    return found.filter((volume) => carries(volume.name, mark) && !isGone(volume)).sort(oldestFirst);
  }
}
