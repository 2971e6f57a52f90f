import type { Cloud } from '../cloud.js';
import { invalid, runtime } from '../protocol/api-error.js';
import type { Account, Row, Tag } from '../state/model.js';
import type { Table } from '../state/table.js';
import type { Call } from './call.js';
import { OWNED, type Command } from './command.js';
import { all, equals, inScope, listed } from './lists.js';

/** What can be tagged. */
const TAGGED: Readonly<Record<string, (cloud: Cloud) => Table<Row & { account: Account | undefined }>>> = {
  UserVm: ({ world }) => world.machines as never,
  Volume: ({ world }) => world.volumes as never,
  Snapshot: ({ world }) => world.snapshots as never,
  Network: ({ world }) => world.networks as never,
  VMSnapshot: ({ world }) => world.vmSnapshots as never,
};

interface Tagging {
  readonly ids: readonly string[];
  readonly type: string;
  readonly tags: readonly ReadonlyMap<string, string>[];
}

function taggedRow(cloud: Cloud, { type }: Tagging, id: string) {
  const row = TAGGED[type]!(cloud).find(id);
  if (!row || row.removed) throw invalid(`Unable to find resource by id ${id} and type ${type}`);
  return row;
}

export function addTags(cloud: Cloud, tagging: Tagging): void {
  const { world } = cloud;
  for (const id of tagging.ids) {
    const row = taggedRow(cloud, tagging, id);
    for (const tag of tagging.tags) {
      const [key, value] = [tag.get('key'), tag.get('value')];
      if (key === undefined || value === undefined)
        throw invalid(`No value is passed in for key ${key ?? ''}`);
      if (world.tagsOf(id).some((one) => one.key === key))
        throw runtime(`tag ${key} already on ${tagging.type} with id ${id}`);
      const account = row.account ?? world.accounts.all()[0]!;
      world.tags.push({ key, value, resourceId: id, resourceType: tagging.type, account });
    }
  }
}

function removeTags(cloud: Cloud, tagging: Tagging): void {
  const fits = (tag: { readonly key: string; readonly value: string }): boolean =>
    tagging.tags.length === 0 ||
    tagging.tags.some((one) => one.get('key') === tag.key && (one.get('value') ?? tag.value) === tag.value);
  const gone = cloud.world.tags.filter((tag) => tagging.ids.includes(tag.resourceId) && fits(tag));
  if (gone.length === 0)
    throw invalid('Unable to find any tags which conform to specified delete parameters.');
  cloud.world.tags = cloud.world.tags.filter((tag) => !gone.includes(tag));
}

function taggingOf(call: Call): Tagging {
  const wanted = call.text('resourcetype')!;
  const type = Object.keys(TAGGED).find((name) => name.toLowerCase() === wanted.toLowerCase());
  if (!type) throw invalid(`Invalid resource type ${wanted}`);
  const tagging = { ids: call.list('resourceids')!, type, tags: call.elements('tags') };
  for (const id of tagging.ids) {
    const { account } = taggedRow(call.cloud, tagging, id);
    if (!call.caller.isRootAdmin && account !== call.caller)
      throw invalid(`Unable to find resource by id ${id} and type ${type}`);
  }
  return tagging;
}

const changing = (change: (cloud: Cloud, tagging: Tagging) => void) => (call: Call) => {
  const tagging = taggingOf(call);
  return call.submit({
    run: async () => {
      change(call.cloud, tagging);
      return { success: true };
    },
  });
};

function list(call: Call) {
  const rows = call.cloud.world.tags.filter(
    all<Tag>(
      inScope(call),
      equals(call, 'key', ({ key }) => key),
      equals(call, 'value', ({ value }) => value),
      equals(call, 'resourceid', ({ resourceId }) => resourceId),
      equals(call, 'resourcetype', ({ resourceType }) => resourceType),
    ),
  );
  return listed(call, 'tag', rows, ({ key, value, resourceId, resourceType, account }) => ({
    key,
    value,
    resourceid: resourceId,
    resourcetype: resourceType,
    account: account.name,
    domainid: account.domainId,
  }));
}

const CHANGED = { 'resourceids!': 'csv', 'resourcetype!': 'string' } as const;

export const TAG_COMMANDS: readonly Command[] = [
  {
    name: 'createTags',
    job: 'tag.CreateTagsCmd',
    parameters: { ...CHANGED, 'tags!': 'map', customer: 'string' },
    answer: changing(addTags),
  },
  {
    name: 'deleteTags',
    job: 'tag.DeleteTagsCmd',
    parameters: { ...CHANGED, tags: 'map' },
    answer: changing(removeTags),
  },
  {
    name: 'listTags',
    parameters: { key: 'string', value: 'string', resourceid: 'string', resourcetype: 'string', ...OWNED },
    answer: list,
  },
];
