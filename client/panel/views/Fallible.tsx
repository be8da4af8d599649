import { Component, type ComponentChildren } from "preact";

interface Props {
  readonly of: string; // another one is tried anew
  readonly children: ComponentChildren;
}

interface State {
  readonly of: string;
  readonly fault: string | null;
}

/** A fault of the panel's own takes one stop's drawing with it, not the page. */
export class Fallible extends Component<Props, State> {
  override state: State = { of: this.props.of, fault: null };

  static override getDerivedStateFromProps(props: Props, state: State): State | null {
    return props.of === state.of ? null : { of: props.of, fault: null };
  }

  static override getDerivedStateFromError(error: unknown): Pick<State, "fault"> {
    return { fault: error instanceof Error ? error.message : String(error) };
  }

  override render(): ComponentChildren {
    if (this.state.fault === null) return this.props.children;
    return (
      <main class="standing">
        <div class="blank" role="alert">
          <p class="blank-title">This stop cannot be drawn</p>
          <p>A fault of the panel&rsquo;s own: {this.state.fault}. Other stops are not concerned.</p>
        </div>
      </main>
    );
  }
}
