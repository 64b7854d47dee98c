export interface Height {
  at: number;
  height: number;
}

export function insert(database: D1Database, heights: Height[]): Promise<D1Result> {
  return database
    .prepare("INSERT OR IGNORE INTO heights (at, height) SELECT value->>'at', value->>'height' FROM json_each(?1)")
    .bind(JSON.stringify(heights))
    .run();
}
