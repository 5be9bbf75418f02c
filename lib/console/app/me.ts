import type { Me } from '../api/types.ts';
import { useRead } from '../api/use.ts';

/** What the caller may do, as far as its role says. The page hides the rest; the API alone decides. */
export function useRights() {
  const { data } = useRead<Me>('/me');
  return {
    me: data,
    isAdmin: data?.role === 'admin',
    /** Whether it may change anything. */
    mayChange: data !== undefined && data.role !== 'viewer' && (data.scopes?.includes('manage') ?? true),
  };
}
