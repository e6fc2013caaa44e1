/** By the name of each event, what its subscribers are given. */
type Arguments<E> = { readonly [N in keyof E]: readonly unknown[] };

/** Where parts of the program say what has happened. */
export interface Emitter<E extends Arguments<E>> {
  /** Calls every subscriber of the event, in the order in which they subscribed, before it returns. @throws what one throws */
  emit<N extends keyof E>(name: N, ...args: E[N]): void;
}

/**
 * Events and their subscribers. A subscriber that throws ends the call: the error reaches whoever emitted, and those behind
 * it are not called. Bounded by the subscriptions that the program makes when it is built, and those of its tasks.
 */
export class Events<E extends Arguments<E>> implements Emitter<E> {
  private readonly subscribers = new Map<keyof E, ((...args: never) => void)[]>();

  /** Calls `subscriber` at each event of the name. @returns a function that ends it */
  on<N extends keyof E>(name: N, subscriber: (...args: E[N]) => void): () => void {
    const held = this.subscribers.get(name) ?? [];
    this.subscribers.set(name, [...held, subscriber]);
    return () =>
      this.subscribers.set(
        name,
        (this.subscribers.get(name) ?? []).filter((each) => each !== subscriber),
      );
  }

  emit<N extends keyof E>(name: N, ...args: E[N]): void {
    const subscribers = (this.subscribers.get(name) ?? []) as ((...args: E[N]) => void)[];
    for (const subscriber of subscribers) subscriber(...args);
  }
}
