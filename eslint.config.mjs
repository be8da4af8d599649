import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["**/*.mjs", "client/extension/out/", "client/protocol/wire.ts"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["tests/**/*.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": "off", // node:test's test() reports by itself
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
);
