import json

from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/broken"):
            raise ValueError("the buoy is adrift")
        await self.env.HEIGHTS.send(json.dumps({"at": 7, "height": 2.5}), contentType="text")
        print("queued a height")
        return Response.json({"queued": 1})

    async def queue(self, batch):
        for message in batch.messages:
            height = json.loads(message.body)
            statement = self.env.DB.prepare("INSERT INTO heights (at, height) VALUES (?1, ?2)")
            await statement.bind(height["at"], height["height"]).run()
            message.ack()
        print("stored heights")
