// A page opened with `?room` is for a projector: one section a screen, in large type, outputs folded until
// somebody asks for them, and a clock beside the minutes that the heading gives the section.
"use strict";

(() => {
  const page = document.querySelector("article section:has(> h1)");
  const isLesson = page && page.querySelector(".cell");
  if (!isLesson) return;
  if (!new URLSearchParams(location.search).has("room")) {
    offerRoom();
    return;
  }

  // -- what there is to show ---------------------------------------------------------------------------

  // A section's own part of the page, without the sections in it, is one screen.
  const screens = [page, ...page.querySelectorAll("section")].map((section) => {
    const heading = section.querySelector(":scope > h1, :scope > h2, :scope > h3, :scope > h4");
    const text = heading.textContent.replace("¶", "");
    return {
      heading,
      id: section.id,
      parts: [...section.children].filter((part) => part.tagName !== "SECTION"),
      minutes: Number((/(\d+) min\b/.exec(text) || [0, 0])[1]),
      seconds: 0,
    };
  });
  const whole = screens.reduce((sum, screen) => sum + screen.minutes, 0);
  let current = Math.max(0, screens.findIndex((screen) => screen.id === decodeURIComponent(location.hash.slice(1))));
  let runs = true;

  document.documentElement.classList.add("room");
  document.querySelectorAll(".cell_output").forEach(fold);
  document.querySelectorAll('article a[href*=".html"]').forEach((link) => {
    if (link.pathname.includes("/notebooks/")) link.search = "?room"; // on to the next lesson
  });
  const bar = document.body.appendChild(makeBar());
  show(current);
  setInterval(tick, 1000);
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", () => {
    const target = screens.findIndex((screen) => "#" + screen.id === location.hash);
    if (target >= 0) show(target);
  });

  function fold(output) {
    const details = document.createElement("details");
    details.className = "room-output";
    details.innerHTML = "<summary>What it showed</summary>";
    output.replaceWith(details);
    details.append(output);
  }

  // -- moving ------------------------------------------------------------------------------------------

  function show(number) {
    current = Math.min(Math.max(number, 0), screens.length - 1);
    screens.forEach((screen, i) => screen.parts.forEach((part) => (part.hidden = i !== current)));
    const { heading, id } = screens[current];
    history.replaceState(null, "", "#" + encodeURIComponent(id));
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true }); // a screen reader reads it, and the page scrolls from here
    scrollTo(0, 0);
    write();
  }

  function openNext() {
    const folded = screens[current].parts.flatMap((part) => [...part.querySelectorAll("details.room-output")]);
    const next = folded.find((details) => !details.open);
    if (next) {
      next.open = true;
      next.scrollIntoView({ block: "nearest" });
    } else {
      folded.forEach((details) => (details.open = false));
    }
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea")) return;
    const does = {
      ArrowRight: () => show(current + 1),
      PageDown: () => show(current + 1),
      ArrowLeft: () => show(current - 1),
      PageUp: () => show(current - 1),
      Home: () => show(0),
      End: () => show(screens.length - 1),
      o: openNext,
      p: pause,
      Escape: leave,
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  function leave() {
    location.href = location.pathname + location.hash;
  }

  // -- the bar -----------------------------------------------------------------------------------------

  function makeBar() {
    const made = document.createElement("nav");
    made.className = "room-bar";
    made.setAttribute("aria-label", "Sections");
    made.innerHTML = `
      <button type="button" data-does="back" title="Arrow left">← Back</button>
      <span class="room-place"></span>
      <span class="room-clock"></span>
      <button type="button" data-does="open" title="o">Output</button>
      <button type="button" data-does="pause" title="p">Pause</button>
      <button type="button" data-does="leave" title="Escape">Leave</button>
      <button type="button" data-does="on" title="Arrow right">Next →</button>`;
    const does = { back: () => show(current - 1), on: () => show(current + 1), open: openNext, pause, leave };
    made.addEventListener("click", (event) => does[event.target.dataset.does]?.());
    return made;
  }

  function pause() {
    runs = !runs;
    bar.querySelector("[data-does=pause]").textContent = runs ? "Pause" : "Go on";
  }

  function tick() {
    if (runs) screens[current].seconds += 1;
    write();
  }

  function write() {
    const { minutes, seconds } = screens[current];
    const spent = screens.reduce((sum, screen) => sum + screen.seconds, 0);
    const here = minutes ? `${clock(seconds)} of ${minutes} min` : clock(seconds);
    bar.querySelector(".room-place").textContent = `${current + 1} / ${screens.length}`;
    bar.querySelector(".room-clock").textContent = `${here} · in all ${clock(spent)} of ${whole} min`;
    bar.classList.toggle("late", minutes > 0 && seconds > 60 * minutes);
  }

  function clock(seconds) {
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  // -- the way in --------------------------------------------------------------------------------------

  function offerRoom() {
    const line = document.createElement("p");
    line.className = "room-offer";
    line.innerHTML = '<a href="?room">For a projector</a>: one section a screen, arrow keys, a clock';
    page.querySelector(":scope > h1").after(line);
  }
})();
