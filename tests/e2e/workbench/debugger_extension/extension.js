// Runs debugpy's adapter as the Python Debugger does; the interpreter comes from the tests.
const vscode = require("vscode");

const python = process.env.TAPELENS_TEST_PYTHON;

function activate(context) {
  for (const type of ["debugpy", "python"]) {
    context.subscriptions.push(
      vscode.debug.registerDebugAdapterDescriptorFactory(type, {
        createDebugAdapterDescriptor(session) {
          const { connect } = session.configuration;
          if (connect) return new vscode.DebugAdapterServer(connect.port, connect.host);
          return new vscode.DebugAdapterExecutable(python, ["-m", "debugpy.adapter"]);
        },
      }),
      vscode.debug.registerDebugConfigurationProvider(type, {
        resolveDebugConfigurationWithSubstitutedVariables(folder, configuration) {
          return { cwd: folder?.uri.fsPath, python: [python], ...configuration };
        },
      }),
    );
  }
  // Ranks and other children: debugpy asks for a session of their own.
  context.subscriptions.push(
    vscode.debug.onDidReceiveDebugSessionCustomEvent(({ session, event, body }) => {
      if (event !== "debugpyAttach") return;
      vscode.debug.startDebugging(session.workspaceFolder, body, {
        parentSession: session,
        lifecycleManagedByParent: false,
      });
    }),
  );
}

module.exports = { activate };
