import tseslint from 'typescript-eslint'

const OWN_INDEX = {
  regex: '(^|/)index(\\.[jt]s)?$',
  message: 'index.ts is an entry for applications: import the file that declares what you need.',
}

/** Folders that a file must not import from, by name: relative paths differ with depth. */
const folders = (names, message, extra = {}) => ({ regex: `^\\.{1,2}/(.*/)?(${names})/`, message, ...extra })

const restrict = (...patterns) => ({
  '@typescript-eslint/no-restricted-imports': ['error', { patterns: [OWN_INDEX, ...patterns] }],
})

const correctness = {
  eqeqeq: ['error', 'always'],
  'no-constant-condition': ['error', { checkLoops: false }],
  'no-debugger': 'error',
  'no-dupe-else-if': 'error',
  'no-self-compare': 'error',
  'no-template-curly-in-string': 'error',
  'no-unreachable': 'error',
  'no-unsafe-finally': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
}

const typeAware = {
  files: ['src/**/*.ts'],
  extends: [tseslint.configs.recommendedTypeChecked],
  // One program for all rooms: each room's own has the sources of the rooms that it imports in it again.
  languageOptions: { parserOptions: { project: './tsconfig.lint.json', tsconfigRootDir: import.meta.dirname } },
  rules: {
    ...correctness,
    'no-console': 'error',
    '@typescript-eslint/no-floating-promises': 'error',
    '@typescript-eslint/no-misused-promises': 'error',
    '@typescript-eslint/no-explicit-any': 'error',
    // A union by whose members a decision is made must be decided for every member, now and later.
    '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
    '@typescript-eslint/no-import-type-side-effects': 'error',
    // Implementations of an asynchronous interface are often synchronous.
    '@typescript-eslint/require-await': 'off',
    // The compiler's `noUnusedLocals` and `noUnusedParameters` hold it.
    '@typescript-eslint/no-unused-vars': 'off',
    ...restrict(),
  },
}

// Each block replaces the one before it for its files, so the narrower one repeats what still holds.
const boundaries = [
  {
    files: ['src/shared/**/*.ts'],
    rules: restrict(
      folders('worker|main|in-page', 'src/shared imports nothing outside shared.'),
      { regex: '^[^.]', message: 'src/shared depends on types of packages only.', allowTypeImports: true },
    ),
  },
  {
    files: ['src/worker/**/*.ts'],
    rules: restrict(folders('main|in-page', 'The worker does not know the tab side.')),
  },
  {
    files: ['src/worker/core/**/*.ts'],
    rules: restrict(
      folders('main|in-page|cache|env|leadership|queries|reader|store|stream|tabs', 'src/worker/core imports only shared and core.'),
      { regex: '^(\\.\\./)+(engine|host|ports|index|validators)\\.ts$', message: 'src/worker/core imports only shared and core.' },
      { regex: '^(idb|comlink|@durable-streams/|node:)', message: 'src/worker/core does no input or output.' },
    ),
  },
  {
    files: ['src/worker/queries/**/*.ts'],
    rules: restrict(
      folders('main|in-page|cache|engine|env|leadership|reader|store|stream|tabs|writes', 'src/worker/queries imports only shared, core, ports and TanStack DB.'),
      { regex: '^(\\.\\./)+(engine|host|index|validators)\\.ts$', message: 'src/worker/queries imports only shared, core, ports and TanStack DB.' },
      { regex: '^(idb|comlink|@durable-streams/|node:)', message: 'src/worker/queries does no input or output.' },
    ),
  },
  {
    files: ['src/devtools/**/*.ts'],
    rules: restrict(
      folders('worker|in-page|testing', 'The devtools ask an engine by its contract.'),
      folders('main', 'Of src/main the devtools know the types.', { allowTypeImports: true }),
    ),
  },
  {
    files: ['src/main/**/*.ts'],
    rules: restrict(
      folders('worker', 'src/main never imports the worker: it is started by URL.'),
      folders('in-page', 'The in-page engine is loaded by a dynamic import, when it is needed.', {
        allowTypeImports: true,
      }),
    ),
  },
]

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'bench/out/', 'test-results/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  typeAware,
  ...boundaries,
  {
    files: ['test/**/*.{ts,tsx}', 'examples/**/*.{ts,tsx}', 'bench/**/*.{ts,tsx}', '*.config.ts'],
    extends: [tseslint.configs.recommended],
    rules: {
      ...correctness,
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // Wrong shapes are what many tests are about.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    rules: { ...correctness, 'no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }] },
  },
)
