/** By the name of each event, what its subscribers are given. */
type Arguments<E> = { readonly [N in keyof E]: readonly unknown[] };

/** Where parts of the program say what has happened. */
export interface Emitter<E extends Arguments<E>> {
  /** Calls the subscribers of the event in the order in which they subscribed, then returns. @throws what one throws */
  emit<N extends keyof E>(name: N, ...args: E[N]): void;
}

/**
 * Events and their subscribers. A subscriber that throws ends the call: the error reaches the emitter, and those behind
 * it are not called. Holds the subscriptions that the program makes when it is built.
 */
export class Events<E extends Arguments<E>> implements Emitter<E> {
  private readonly subscribers = new Map<keyof E, ((...args: never) => void)[]>();

  /** Calls `subscriber` at each event of the name, for good. */
  on<N extends keyof E>(name: N, subscriber: (...args: E[N]) => void): void {
    this.subscribers.set(name, [...(this.subscribers.get(name) ?? []), subscriber]);
  }

  emit<N extends keyof E>(name: N, ...args: E[N]): void {
    const subscribers = (this.subscribers.get(name) ?? []) as ((...args: E[N]) => void)[];
    for (const subscriber of subscribers) subscriber(...args);
  }
}
