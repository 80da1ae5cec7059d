// Ties a union of coded variants to words: a table with one entry per code, complete or it does not compile.

interface Coded {
  readonly code: string;
}

/** One phrase per code of the union, each told only the parameters of its own variant. */
export type ByCode<Union extends Coded> = {
  readonly [Variant in Union as Variant["code"]]: (variant: Variant) => string;
};

export function phrase<Union extends Coded>(table: ByCode<Union>, variant: Union): string {
  // TypeScript cannot follow that the entry at variant.code takes exactly this variant; ByCode guarantees it.
  const say = table[variant.code as keyof ByCode<Union>] as unknown as (variant: Union) => string;
  return say(variant);
}
