import { Permission, PERMISSIONS, ROLES, Role, ruleOf } from '@ossea/api-contract';

/** The page of roles and permissions, made of the table that the appliance asks. */
export function accessPage(): string {
  const head = ['permission', 'what it is for', ...Role.options, ''];
  const rows = Permission.options.map((permission) => {
    const { label, recent, inPersonOnly } = ruleOf(permission);
    const roles: readonly Role[] = PERMISSIONS[permission].roles;
    const notes = [recent ? 'password again' : '', inPersonOnly ? 'no token' : ''].filter(Boolean).join(', ');
    return [
      `\`${permission}\``,
      label,
      ...Role.options.map((role) => (roles.includes(role) ? '●' : '')),
      notes,
    ];
  });
  return [
    '# Roles and permissions',
    'This page is made of the table in `libs/api-contract/src/permissions.ts` (`npx vitest run --project architecture -u`); change that, not it. Each route names its permission in the API document (`x-permission`).',
    ...Role.options.map((role) => `- **${role}**: ${ROLES[role]}`),
    '*Password again*: it must have been given within the last minutes (`access.recentMinutes`, 10); an API token needs this very scope instead. *No token*: for people only.',
    [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    '',
  ].join('\n\n');
}
