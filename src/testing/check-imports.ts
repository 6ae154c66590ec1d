// `npm run imports`: holds the import direction (.dependency-cruiser.mjs) over all code, and proves that it is held: every file must have been
// seen, and what is planted against the rules in a copy must be found. A checker that sees nothing reports nothing.
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';

const root = join(import.meta.dirname, '../..');
const folders = ['src', 'workers', 'api', 'bench'];
const { default: rules } = (await import(join(root, '.dependency-cruiser.mjs'))) as { default: IConfiguration };

interface Plant {
  name: string;
  /** Files by path, against the rules. */
  files: Readonly<Record<string, string>>;
  /** The rule that must find them. */
  rule: string;
}

const plants: readonly Plant[] = [
  {
    name: 'two modules that import each other',
    files: {
      'src/event/planted-a.ts': "import { b } from './planted-b.ts';\nexport const a = (): unknown => b;\n",
      'src/event/planted-b.ts': "import { a } from './planted-a.ts';\nexport const b = (): unknown => a;\n",
    },
    rule: 'no-circles',
  },
  {
    name: 'a noun that imports the engine',
    files: {
      'src/engine/planted.ts': 'export const engine = 1;\n',
      'src/planted.ts': "import { engine } from './engine/planted.ts';\nexport const noun = engine;\n",
    },
    rule: 'nouns-import-upward',
  },
  {
    name: 'a type imported upward',
    files: {
      'src/engine/planted.ts': 'export type Planted = number;\n',
      'src/inbox/planted.ts': "import type { Planted } from '../engine/planted.ts';\nexport const row: Planted = 1;\n",
    },
    rule: 'condition-inbox-outbox-import-upward',
  },
  {
    name: 'a feature that imports another',
    files: {
      'src/rewards/planted.ts': 'export const reward = 1;\n',
      'src/games/planted.ts': "import { reward } from '../rewards/planted.ts';\nexport const game = reward;\n",
    },
    rule: 'a-feature-imports-another',
  },
  {
    name: 'a product module that imports a development package',
    files: { 'src/planted.ts': "import { test } from 'vitest';\nexport const noun = test;\n" },
    rule: 'the-product-runs-without-development-packages',
  },
];

const problems = [...(await checkTree(root)), ...(await checkPlants())];
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;

async function checkTree(base: string): Promise<string[]> {
  const result = await cruiseIn(base);
  const seen = new Set(result.modules.map((module) => module.source));
  const unseen = (await sources(base)).filter((file) => !seen.has(file));
  process.stdout.write(`import direction: ${seen.size} modules, ${result.summary.totalDependenciesCruised} imports\n`);
  return [
    ...unseen.map((file) => `${file} was not looked at: the checker cannot read this code, so it proves nothing`),
    ...result.summary.violations.map(
      ({ rule, from, to, cycle }) =>
        `${rule.name}: ${[from, ...(cycle?.map((step) => step.name) ?? [to])].join(' → ')}`,
    ),
  ];
}

async function checkPlants(): Promise<string[]> {
  const missed: string[] = [];
  for (const plant of plants) {
    const copy = await mkdtemp(join(tmpdir(), 'milepost-imports-'));
    try {
      await cp(join(root, 'src'), join(copy, 'src'), { recursive: true });
      await cp(join(root, 'package.json'), join(copy, 'package.json'));
      await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
      for (const [path, text] of Object.entries(plant.files)) await writeFile(join(copy, path), text);
      const { summary } = await cruiseIn(copy);
      const found = summary.violations.some(({ rule, from }) => rule.name === plant.rule && from in plant.files);
      if (!found) missed.push(`${plant.rule} did not find what was planted: ${plant.name}`);
    } finally {
      await rm(copy, { recursive: true });
    }
  }
  process.stdout.write(`import direction: ${plants.length - missed.length} of ${plants.length} planted faults found\n`);
  return missed;
}

async function cruiseIn(baseDir: string): Promise<ICruiseResult> {
  const present = (await readdir(baseDir)).filter((entry) => folders.includes(entry));
  const { output } = await cruise(present, {
    ...rules.options,
    baseDir,
    ruleSet: { forbidden: rules.forbidden ?? [] },
    validate: true,
  });
  if (typeof output === 'string') throw new Error(`the checker answered with text: ${output.slice(0, 200)}`);
  return output;
}

async function sources(base: string): Promise<string[]> {
  const present = (await readdir(base)).filter((entry) => folders.includes(entry));
  const lists = await Promise.all(
    present.map(async (folder) => {
      const files = await readdir(join(base, folder), { recursive: true });
      return files.filter((file) => file.endsWith('.ts')).map((file) => `${folder}/${file}`);
    }),
  );
  return lists.flat();
}
