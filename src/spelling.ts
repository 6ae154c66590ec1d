// Spelling: the allowed word that a misspelt one most likely meant. Used by every error that lists what is allowed.
import { distance } from 'fastest-levenshtein';

/** The candidate nearest to `word`, or undefined when none is near enough to be worth suggesting. */
export function nearestSpelling(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const found = distance(wanted, candidate.toLowerCase());
    if (found < bestDistance) [best, bestDistance] = [candidate, found];
  }
  return best;
}

/** `; did you mean "op"?`, or nothing: the end of a message about a word that is not allowed. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = nearestSpelling(word, candidates);
  return nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`;
}
