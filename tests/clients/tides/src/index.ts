import { insert, type Height } from "./heights";

interface Env {
  DB: D1Database;
  HEIGHTS: Queue<Height>;
  STATION: string;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const heights = (await request.json()) as Height[];
    await env.HEIGHTS.sendBatch(heights.map((body) => ({ body })));
    return Response.json({ station: env.STATION, queued: heights.length });
  },
  async queue(batch: MessageBatch<Height>, env: Env): Promise<void> {
    const result = await insert(env.DB, batch.messages.map((message) => message.body));
    console.log("stored", result.meta.changes);
  },
  async scheduled(_controller: ScheduledController, env: Env): Promise<void> {
    await env.DB.prepare("DELETE FROM heights WHERE at < ?1").bind(0).run();
  },
};
