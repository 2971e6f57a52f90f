import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import ts from 'typescript-eslint';
import ng from 'angular-eslint';

export default defineConfig(
  {
    ignores: [
      '**/dist/**',
      '**/build/**',
      '**/node_modules/**',
      '**/out-tsc/**',
      '.dev/**',
      'tests/architecture/fixtures/**',
      'native/**/*.cjs',
      '**/*.cjs',
      'plugins/vmware/src/vim25/generated/',
    ],
  },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: false, skipComments: false }],
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx'] }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-empty-object-type': 'off',
    },
  },
  {
    // type-aware: a forgotten await is a lost error
    files: [
      'apps/{oma,vma,cli}/src/**/*.ts',
      'libs/*/src/**/*.ts',
      'plugins/*/src/**/*.ts',
      'native/*/src/**/*.ts',
    ],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  {
    files: ['{apps,libs,plugins,native}/**/src/**/*.ts'],
    ignores: ['**/*.spec.ts', 'apps/{oma,vma,cli}/src/config/**', 'libs/errors/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only config/ reads the environment.' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "CallExpression[callee.object.name='AbortSignal'][callee.property.name='any'] CallExpression[callee.object.name='AbortSignal'][callee.property.name='timeout']",
          message: 'Nothing holds the inner signal, so it may never fire: use withDeadline of @ossea/errors.',
        },
      ],
    },
  },
  {
    files: ['apps/console/src/**/*.ts'],
    extends: [...ng.configs.tsRecommended],
    processor: ng.processInlineTemplates,
  },
  {
    files: ['apps/console/src/**/*.html'],
    extends: [...ng.configs.templateRecommended, ...ng.configs.templateAccessibility],
    // a false positive on Clarity's form containers, which tie label and control together themselves
    rules: { '@angular-eslint/template/label-has-associated-control': 'off' },
  },
);
