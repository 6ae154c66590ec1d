// Editions of an event: what a producer said, and what that was corrected to. Owns how the producer of a corrected event is called.

/** `correction-2/payments`: what payments said, as it was corrected for the second time. */
const EDITION = /^correction-(\d+)\/(.*)$/s;

/** How the producer of an event is called that was corrected so often. */
export function producerOfEdition(edition: number, producer: string): string {
  return edition === 0 ? producer : `correction-${edition}/${producer}`;
}

/** Who sent the event at first, and how often it has been corrected: 0 for nearly every event. */
export function editionOf(named: string): { edition: number; producer: string } {
  const [, edition, producer] = EDITION.exec(named) ?? [];
  return edition === undefined || producer === undefined
    ? { edition: 0, producer: named }
    : { edition: Number(edition), producer };
}
