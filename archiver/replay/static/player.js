// Starts the player on its own origin, and shows the page that was asked for.
"use strict";
const { raw, address } = document.body.dataset;
const note = document.querySelector("#note");
const prefix = location.origin + raw;

function active(registration) {
  const worker = registration.active || registration.waiting || registration.installing;
  return new Promise((done) => {
    const look = () => { if (worker.state === "activated") done(worker); };
    worker.addEventListener("statechange", look);
    look();
  });
}

async function start() {
  if (!navigator.serviceWorker) throw new Error("this browser has no service workers here");
  const scope = { scope: "/player/" };
  const worker = await active(await navigator.serviceWorker.register("/player/sw.js", scope));
  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data.msg_type !== "collAdded") return;
    const frame = document.createElement("iframe");
    frame.title = "Archived page, with scripts";
    frame.className = "archived";
    frame.src = `/player/w/archive/${address}`;
    note.replaceWith(frame);
  });
  navigator.serviceWorker.startMessages();
  worker.postMessage({
    msg_type: "addColl",
    name: "archive",
    type: "live",
    file: { sourceUrl: `proxy:${prefix}` },
    extraConfig: { prefix, isLive: false, archiveMod: "id_" },
  });
}

start().catch((error) => { note.textContent = `The player does not start: ${error.message}`; });
