/** The rooms of the house and who may talk to whom (docs/architecture.md). One breaching fixture per rule proves that it bites. */
const lib = (name) => `^libs/${name}/`;
/** A room that may see only the named libs (and itself). */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: {
    path: '^(apps|libs|plugins|native|tests)/',
    // a `from` that names several rooms with a group must not let them see each other
    pathNot: [from.includes('(') ? '^libs/$1/' : from, ...allowed],
  },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('errors-is-the-floor', lib('errors'), [], 'errors sees nothing'),
    only(
      'contracts-stand-on-errors',
      '^libs/(plugin-sdk|copy-engine|api-contract|process)/',
      [lib('errors'), '^libs/$1/'],
      'these four see errors only',
    ),
    only(
      'tunnel-stands-on-process',
      lib('tunnel'),
      [lib('errors'), lib('process')],
      'OpenSSH is a program (docs/adr/0017-the-systems-openssh.md)',
    ),
    only('qemu-stands-on-process', lib('qemu'), [lib('errors'), lib('process')]),
    only('core-is-the-bottom', lib('core'), [lib('errors'), lib('plugin-sdk'), lib('copy-engine')]),
    only('registry-and-kit-see-the-sdk', '^libs/(plugin-registry|plugin-conformance)/', [
      lib('errors'),
      lib('plugin-sdk'),
    ]),
    only('agent-protocol-sees-the-ports', lib('agent-protocol'), [
      lib('errors'),
      lib('plugin-sdk'),
      lib('copy-engine'),
    ]),
    {
      name: 'plugins-know-only-the-sdk',
      severity: 'error',
      // what generates a plugin's sources is a tool of the tests' kind, and not part of the plugin
      from: { path: '^plugins/([^/]+)/', pathNot: ['\\.spec\\.ts$', '^plugins/[^/]+/generate/'] },
      to: {
        path: '^(apps|libs|plugins|native|tests)/',
        pathNot: ['^plugins/$1/', lib('plugin-sdk'), lib('errors'), lib('qemu')],
      },
    },
    {
      name: 'kit-only-in-specs',
      severity: 'error',
      from: { path: '^(apps|libs|plugins|native)/', pathNot: ['\\.spec\\.ts$', '^libs/plugin-conformance/'] },
      to: { path: '^libs/plugin-conformance/' },
    },
    {
      name: 'nobody-imports-a-plugin',
      severity: 'error',
      from: { path: '^(apps|libs|native)/' },
      to: { path: '^plugins/' },
    },
    {
      name: 'plugins-are-strangers',
      severity: 'error',
      from: { path: '^plugins/([^/]+)/' },
      to: { path: '^plugins/', pathNot: '^plugins/$1/' },
    },
    only('native-serves-the-copy-port', '^native/', [lib('copy-engine'), lib('errors')]),
    {
      name: 'apps-are-strangers',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'clients-see-only-the-contract',
      severity: 'error',
      from: { path: '^apps/(console|cli)/' },
      to: { path: '^(libs|plugins|native|tests)/', pathNot: [lib('api-contract'), lib('errors')] },
    },
    {
      name: 'libs-serve-apps',
      severity: 'error',
      from: { path: '^(libs|native)/' },
      to: { path: '^(apps|tests)/' },
    },
    {
      name: 'one-door-to-ssh',
      severity: 'error',
      from: { path: '^(apps|libs|plugins|native)/', pathNot: '^libs/tunnel/' },
      to: { path: '(^|/)node_modules/(@types/)?ssh2/' },
    },
    {
      name: 'one-door-to-processes',
      severity: 'error',
      from: {
        path: '^(apps|libs|plugins|native)/',
        pathNot: ['^libs/process/', '\\.spec\\.ts$', '^plugins/[^/]+/generate/'],
      },
      to: { path: '^(node:)?child_process$', dependencyTypes: ['core'] },
    },
    {
      name: 'libs-are-framework-free',
      severity: 'error',
      from: { path: '^(libs|plugins|native)/' },
      to: { path: '(^|/)node_modules/(@nestjs|@angular|typeorm|socket\\.io[^/]*)/' },
    },
  ],
  options: {
    // not `exclude`: an excluded dist/ hides every import made by package name
    doNotFollow: { path: ['node_modules', '(^|/)dist/'] },
    exclude: { path: '(^|/)(build|out-tsc)/' },
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
