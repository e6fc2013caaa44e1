/** Measures one size, and prints its figures as JSON: measure.js GUESTS [quick]. A process of its own, for an empty heap. */
import { devices, type Figures, firstAddresses, lists, moves } from './measures.js';

const guests = Number(process.argv[2]);
const isQuick = process.argv[3] === 'quick';

const figures: Figures = {
  ...devices(guests, isQuick ? 3 : 10),
  ...(await moves(guests, isQuick ? 8 : 40)),
  ...(await lists(guests, 1, isQuick ? 2 : 5)),
  ...(await lists(guests, 16, isQuick ? 2 : 5)),
  ...firstAddresses(guests),
};
console.log(JSON.stringify(figures));
process.exit();
