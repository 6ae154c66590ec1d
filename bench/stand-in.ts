// The stand-in services in a process of their own, so that what answers is not what is measured. Tells its parent where they are.
import { startRewardServices } from '../src/local/reward-services.ts';

const services = await startRewardServices();
process.send?.({ neucoinUrl: services.neucoinUrl });
process.once('disconnect', () => services.stop());
