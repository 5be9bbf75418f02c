import { useCallback } from 'react';
import { useSearchParams } from 'wouter';

/**
 * A choice that is part of the address, so that a link shows the same. One that is what the page shows anyway is left out.
 * It replaces the entry of the history: back leads to the page before, not through every letter.
 */
export function useSearchParameter(
  name: string,
  otherwise: string,
): readonly [string, (value: string) => void] {
  const [parameters, setParameters] = useSearchParams();
  const value = parameters.get(name) ?? otherwise;
  const set = useCallback(
    (next: string) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          if (next === otherwise) after.delete(name);
          else after.set(name, next);
          return after;
        },
        { replace: true },
      ),
    [name, otherwise, setParameters],
  );
  return [value, set];
}
