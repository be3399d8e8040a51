// What is wider than its place can be scrolled by keyboard, and code can be copied.
"use strict";

(() => {
  document.querySelectorAll("article :is(pre, .cell_output, .table-wrapper)").forEach((box) => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  });

  if (!navigator.clipboard) return;
  document.querySelectorAll("article .highlight").forEach((code) => {
    if (code.closest(".cell_output, details") || code.closest(".highlight-none, .highlight-text")) return;
    const text = code.querySelector("pre").textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    code.append(button);
  });
})();
