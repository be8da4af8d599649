/** What a server that is started anew must hear of a session, to stand where the program stands. */

export interface Told {
  readonly event: string;
  /** As JSON. */
  readonly body: string;
}

const PUSHES_KEPT = 8; // of one stop: its snapshot, findings, a greeting

export class Story {
  private entry: Told | undefined;
  private greeting: Told | undefined;
  private stop: readonly Told[] = [];

  hear(told: Told): void {
    switch (told.event) {
      case "tapelensBootstrap":
        this.entry = told;
        return;
      case "stopped":
        this.stop = [told];
        return;
      case "continued":
        this.stop = [];
        return;
      case "tapelens":
        if (told.body.includes('\\"kind\\":\\"hello\\"')) this.greeting = told;
        else if (this.stop.length > 0) this.stop = [...this.stop, told].slice(0, PUSHES_KEPT);
        return;
    }
  }

  /** In an order in which it could have happened. */
  retold(): readonly Told[] {
    return [this.entry, this.greeting, ...this.stop].filter((told) => told !== undefined);
  }
}
