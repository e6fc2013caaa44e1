import { BOND, plainBridge, type Hypervisor } from './hypervisor.js';

/** The ways to put guests behind a bond that the program must get right; each says on its guests which tags they need. */
export const SHAPES = {
  'a plain bridge on the bond': plainBridge(1),

  'a VLAN-aware bridge, tagged, untagged and not a member on the bond': (hv: Hypervisor) => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND, { native: 20, tagged: [10] });
    hv.guest('br0', { access: 10, wire: [10] });
    hv.guest('br0', { access: 20, wire: [] });
    hv.guest('br0', { access: 30, wire: null });
  },

  'a bridge on a VLAN device of the bond': (hv: Hypervisor) => {
    hv.bridge('br905');
    hv.port('br905', hv.vlan(BOND, 905));
    hv.guest('br905', { wire: [905] });
  },

  'a bridge on stacked VLAN devices, 802.1Q in 802.1Q': (hv: Hypervisor) => {
    hv.bridge('br20');
    hv.port('br20', hv.vlan(hv.vlan(BOND, 10), 20));
    hv.guest('br20', { wire: [10, 20] });
  },

  'a bridge on stacked VLAN devices, 802.1Q in 802.1ad': (hv: Hypervisor) => {
    hv.bridge('br20');
    hv.port('br20', hv.vlan(hv.vlan(BOND, 10, '802.1ad'), 20));
    hv.guest('br20', { wire: [{ tpid: 0x88a8, vid: 10 }, 20] });
  },

  'a VLAN-aware bridge on a VLAN device of the bond': (hv: Hypervisor) => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', hv.vlan(BOND, 10), { tagged: [30] });
    hv.guest('br0', { access: 30, wire: [10, 30] });
    hv.guest('br0', { wire: [10] });
  },

  'a VLAN device of a bridge as a port of another bridge': (hv: Hypervisor) => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND, { tagged: [905] });
    hv.bridgeSelf('br0', 905);
    hv.bridge('br905');
    hv.port('br905', hv.vlan('br0', 905));
    hv.guest('br905', { wire: [905] });
    hv.guest('br0', { wire: [] });
  },

  "a veth pair between two bridges, as OpenStack's hybrid plugging has it": (hv: Hypervisor) => {
    hv.bridge('br0', { vlanAware: true });
    hv.port('br0', BOND, { tagged: [10] });
    const [qvb, qvo] = hv.vethPair('qvb1', 'qvo1');
    hv.bridge('qbr1');
    hv.port('qbr1', qvb);
    hv.port('br0', qvo, { native: 10 });
    hv.guest('qbr1', { wire: [10] });
  },

  'macvlan and macvtap on the bond': (hv: Hypervisor) => {
    hv.macvlan(BOND);
    hv.macvlan(BOND, { type: 'macvtap' });
    hv.macvlan(BOND, { moved: true });
    hv.macvlan(BOND, { type: 'macvtap', moved: true });
  },

  'macvlan and macvtap on a VLAN device of the bond': (hv: Hypervisor) => {
    const lower = hv.vlan(BOND, 905);
    hv.macvlan(lower, { wire: [905] });
    hv.macvlan(lower, { type: 'macvtap', wire: [905] });
    hv.macvlan(lower, { moved: true, wire: [905] });
    hv.macvlan(lower, { type: 'macvtap', moved: true, wire: [905] });
  },
} as const satisfies Record<string, (hv: Hypervisor) => void>;
