// The stand-in services in a process of their own, so that what answers is not what is measured. Tells its parent where they are, and, whenever it is
// asked, how much processor time it has taken.
import { startRewardServices } from '../src/local/reward-services.ts';

const services = await startRewardServices();
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1_000 });
});
process.once('disconnect', () => services.stop());
process.send?.({ neucoinUrl: services.neucoinUrl });
