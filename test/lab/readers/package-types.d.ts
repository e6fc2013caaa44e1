/** What the tests use of the node-netlink package, which comes without types. */
declare module 'node-netlink' {
  interface Message {
    header: { nlmsg_type: bigint; nlmsg_flags: bigint };
    payload: Buffer;
  }
  interface Connection {
    talk(message: Message): Promise<Message[]>;
    close(): Promise<void>;
  }
  const netlink: {
    NLM_F_REQUEST: bigint;
    NLM_F_DUMP: bigint;
    NLM_F_ACK: bigint;
    open(options: { family: number }): Promise<Connection>;
  };
  export default netlink;
}
