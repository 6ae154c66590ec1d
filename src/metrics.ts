// Prometheus metrics of the process. One registry; each metric is declared beside the code that moves it, in the words of the design.
import { Registry } from 'prom-client';

export const registry = new Registry();
