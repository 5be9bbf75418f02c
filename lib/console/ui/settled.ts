import { useEffect, useState } from 'react';

/** For how long nothing is typed before what was typed is asked for. */
const settleMs = 400;

/** A text once it has been the same for a while. */
export function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), settleMs);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
