// The process of the stand-in services (stand-in.ts). Tells its parent where they are, and, whenever it is asked, how much processor time it has taken
// and how many payments are in its books.
import { startRewardServices } from '../src/local/reward-services.ts';

const services = await startRewardServices();
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1_000, paid: services.books().length });
});
process.once('disconnect', () => services.stop());
process.send?.({ neucoinUrl: services.neucoinUrl });
