# One image for every role: `milepost start --role ingest|worker|api`, and for `migrate`, `stand-in` and the other commands.
FROM node:24-slim

ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
# Scripts are left out: they would fetch a second Node and prepare the embedded PostgreSQL, and the image uses neither.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY . .

USER node
EXPOSE 3000 9464
# No shell in between, so that SIGTERM reaches Milepost and it stops in good order.
ENTRYPOINT ["node", "src/cli/main.ts"]
CMD ["--help"]
