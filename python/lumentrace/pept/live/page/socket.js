// The connection: opened again whenever it is lost.
const WAITS = [0.5, 1, 2, 5, 10]; // seconds

export const connect = (heard, changed) => {
  const address = new URL(`socket${location.search}`, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  let tries = 0;
  const open = () => {
    const socket = new WebSocket(address);
    let over = "";
    socket.addEventListener("message", (event) => {
      tries = 0;
      const message = JSON.parse(event.data);
      if (message.kind === "end") over = "the run is over";
      heard(message);
    });
    socket.addEventListener("close", (event) => {
      const wait = WAITS[Math.min(tries++, WAITS.length - 1)];
      const why = over || (event.code === 1013 ? "there are too many viewers" : "connection lost");
      changed(why, wait);
      setTimeout(open, 1000 * wait);
    });
  };
  open();
};
