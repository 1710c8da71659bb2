/* Harmless, and easy to see: where this ran, the title ends with a star and <html> is marked. */
(function () {
  "use strict";
  document.title += " *";
  document.documentElement.dataset.script = "ran";
  var note = document.querySelector(".cookie-note");
  if (note) {
    note.querySelector("button").addEventListener("click", function () {
      note.remove();
    });
  }
})();
