import { fuzzSuite } from './suite.ts';

fuzzSuite(3, 1_500);
