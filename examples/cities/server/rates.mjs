export const RATES = [0, 1000, 5000, 10_000, 20_000]
