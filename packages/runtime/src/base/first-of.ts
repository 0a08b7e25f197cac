/** The first `most` items of an order, without sorting all of them. Items that are equal keep their order. */
export const firstOf = <Item>(
  items: Iterable<Item>,
  most: number,
  order: (a: Item, b: Item) => number,
): Item[] => {
  const first: Item[] = [];
  for (const item of items) {
    let place = first.length;
    for (
      let above = first[place - 1];
      above !== undefined && order(item, above) < 0;
      above = first[place - 1]
    ) {
      place -= 1;
    }
    if (place === most) continue;
    first.splice(place, 0, item);
    if (first.length > most) first.pop();
  }
  return first;
};
