// Spelling: the allowed word that a misspelt one most likely meant. Used by every error that lists what is allowed.
import { distance } from 'fastest-levenshtein';

/** The candidate nearest to `word`, or undefined when none is near enough to be worth suggesting. */
export function nearestSpelling(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const spelt = candidate.toLowerCase();
    const isNear = isPart(wanted, spelt) || lettersOf(wanted) === lettersOf(spelt);
    const found = Math.min(distance(wanted, spelt), isNear ? 1 : Number.POSITIVE_INFINITY);
    if (found < bestDistance) [best, bestDistance] = [candidate, found];
  }
  return best;
}

/** `cohort` for `cohort_id`, `merchant_id` for `attributes.merchant_id`. */
function isPart(word: string, candidate: string): boolean {
  return word.length > 2 && (candidate.startsWith(word) || candidate.endsWith(`.${word}`));
}

/** The same for words in which letters have changed places. */
function lettersOf(word: string): string {
  return [...word].sort().join('');
}

/** ` (did you mean "op"?)`, or nothing: follows a word that is not allowed, or the list of those that are. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = nearestSpelling(word, candidates);
  return nearest === undefined ? '' : ` (did you mean ${JSON.stringify(nearest)}?)`;
}
