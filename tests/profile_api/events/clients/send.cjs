// Sends the same as its user would through a library: node send.cjs LIBRARY ADDRESS KEY
const [library, address, key] = process.argv.slice(2);

const fail = (error) => {
  console.error(String(error));
  process.exitCode = 1;
};

const senders = {
  segment: async () => {
    const { Analytics } = require("@segment/analytics-node");
    const analytics = new Analytics({ writeKey: key, host: address, maxRetries: 0 });
    analytics.on("error", (error) => fail(error.code + " " + error.reason));
    said(analytics);
    await analytics.closeAndFlush();
  },
  rudderstack: async () => {
    const Analytics = require("@rudderstack/rudder-sdk-node");
    const analytics = new Analytics(key, { dataPlaneUrl: address, flushAt: 1, logLevel: "error" });
    said(analytics);
    await analytics.flush();
  },
};

function said(analytics) {
  analytics.identify({ userId: "n-7", traits: { email: "nora@mail.example", firstName: "Nora" } });
  analytics.track({ userId: "n-7", event: "Order Completed", properties: { order_id: "o-1", total: 49.9 } });
  analytics.page({ userId: "n-7", name: "Lamps", properties: { path: "/lamps" } });
  analytics.group({ userId: "n-7", groupId: "acme-7", traits: { name: "Acme" } });
  analytics.alias({ userId: "n-7", previousId: "n-visitor" });
}

senders[library]().catch(fail);
