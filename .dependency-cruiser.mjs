// The import direction: a module may import from its own layer or a lower one, never from a higher one, and nothing may import in a circle.
// Read by src/testing/check-imports.ts, which also proves that the rules bite.

// Lowest first. A feature is any other folder of src/, so a new one is under the rules without a word here.
const known = 'event|db|condition|inbox|outbox|definitions|rules|engine|scenarios|simulate|explain|cli|local|testing';
const feature = `^src/(?!(?:${known})/)([^/]+)/`;
const layers = [
  { name: 'nouns', path: '^src/[^/]+[.]ts$' },
  { name: 'event-and-db', path: '^src/(event|db)/' },
  { name: 'condition-inbox-outbox', path: '^src/(condition|inbox|outbox)/' },
  { name: 'features', path: feature },
  { name: 'definitions-and-rules', path: '^src/(definitions|rules)/' },
  { name: 'engine', path: '^src/engine/' },
  { name: 'scenarios-simulate-explain', path: '^src/(scenarios|simulate|explain)/' },
  { name: 'workers-and-api', path: '^(workers|api)/' },
  { name: 'cli', path: '^src/cli/' },
];

// A test may reach up for what it needs to set a scene.
const test = '[.]test[.]ts$';

export default {
  forbidden: [
    ...layers.slice(0, -1).map((layer, index) => ({
      name: `${layer.name}-import-upward`,
      severity: 'error',
      from: { path: layer.path, pathNot: test },
      to: { path: layers.slice(index + 1).map(({ path }) => path) },
    })),
    {
      name: 'a-feature-imports-another',
      severity: 'error',
      from: { path: feature, pathNot: test },
      to: { path: feature, pathNot: '^src/$1/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'local-stands-beside',
      comment: 'it starts servers for people and tests; it knows nothing of Milepost but the nouns',
      severity: 'error',
      from: { path: '^src/local/', pathNot: test },
      to: { path: ['^src/[^/]+/', '^(workers|api|bench)/'], pathNot: '^src/local/' },
    },
    {
      name: 'only-the-command-line-starts-local-servers',
      severity: 'error',
      from: { path: ['^src/', '^(workers|api)/'], pathNot: [test, '^src/(cli|local|testing)/'] },
      to: { path: '^src/local/' },
    },
    {
      name: 'testing-is-for-tests',
      severity: 'error',
      from: { path: ['^src/', '^(workers|api)/'], pathNot: [test, '^src/testing/'] },
      to: { path: '^src/testing/' },
    },
    {
      name: 'the-product-runs-without-development-packages',
      severity: 'error',
      from: { path: ['^src/', '^(workers|api)/'], pathNot: [test, '^src/testing/'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'every-import-is-found',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // An import of a type is an import: direction is about what knows of what.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
