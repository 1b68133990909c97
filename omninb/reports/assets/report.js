"use strict";
// Draws the page's figures, keeps them readable at any width, and marks the section being read.
(() => {
  const LEAST = 0.72; // below this, 12 px lettering cannot be read: scroll instead
  const PAPER = [1030, 560]; // px of an A4 sheet on its side, less its heading and words
  const figures = [];

  function draw(script) {
    const canvas = document.getElementById(script.dataset.figure);
    const { data, layout } = JSON.parse(script.textContent);
    const frame = canvas.parentElement;
    const figure = frame.parentElement;
    const width = layout.width || frame.clientWidth;
    const height = layout.height || 450;
    const options = { displayModeBar: false, doubleClick: false, scrollZoom: false, showTips: false };
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const more = document.createElement("p");
    more.className = "more";
    more.textContent = "The figure goes on: scroll it sideways →";
    frame.after(more);
    figures.push({ canvas, figure, frame, width, height });
    return Plotly.newPlot(canvas, data, { ...layout, width, height }, options).then(() => {
      canvas.dataset.drawn = "yes";
    });
  }

  function widen(figure, width) {
    // A wide figure may leave its column, to both edges of the window but no further than it needs.
    figure.style.marginLeft = figure.style.width = "";
    const words = figure.querySelectorAll(".caption, .more");
    for (const line of words) line.style.marginLeft = "";
    if (!figure.classList.contains("wide")) return;
    const page = document.documentElement.clientWidth;
    const column = figure.getBoundingClientRect();
    if (page < 640 || column.width >= width) return;
    const wanted = Math.min(width, page - 48);
    const left = Math.max(24, Math.min(column.left, (page - wanted) / 2));
    figure.style.width = `${wanted}px`;
    figure.style.marginLeft = `${left - column.left}px`;
    for (const line of words) line.style.marginLeft = `${column.left - left}px`;
  }

  function fit({ canvas, figure, frame, width, height }) {
    widen(figure, width);
    const scale = Math.min(1, Math.max(LEAST, frame.clientWidth / width));
    canvas.style.transform = scale < 1 ? `scale(${scale})` : "";
    frame.style.height = `${Math.ceil(height * scale)}px`;
    const scrolls = width * scale > frame.clientWidth + 1;
    figure.classList.toggle("scrolls", scrolls);
    if (scrolls) frame.tabIndex = 0;
    else frame.removeAttribute("tabindex");
  }

  function fitPaper({ canvas, figure, frame, width, height }) {
    const scale = Math.min(1, PAPER[0] / width, PAPER[1] / height);
    figure.style.marginLeft = figure.style.width = "";
    for (const line of figure.querySelectorAll(".caption, .more")) line.style.marginLeft = "";
    canvas.style.transform = `scale(${scale})`;
    frame.style.height = `${Math.ceil(height * scale)}px`;
  }

  let shut = [];
  window.addEventListener("beforeprint", () => {
    shut = [...document.querySelectorAll("details:not([open])")];
    for (const fold of shut) fold.open = true;
    figures.forEach(fitPaper);
  });
  window.addEventListener("afterprint", () => {
    for (const fold of shut) fold.open = false;
    figures.forEach(fit);
  });

  function followContents() {
    const links = [...document.querySelectorAll(".contents a")];
    if (!links.length) return;
    const strip = document.querySelector(".contents");
    const sections = links.map((link) => document.getElementById(link.hash.slice(1)));
    const mark = () => {
      let here = 0;
      sections.forEach((section, i) => {
        if (section.getBoundingClientRect().top < window.innerHeight / 3) here = i;
      });
      links.forEach((link, i) => {
        if (link.classList.toggle("here", i === here)) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
      const edge = strip.getBoundingClientRect();
      const covered = figures.some(({ frame }) => {
        const box = frame.getBoundingClientRect();
        return box.left < edge.right && box.top < edge.bottom && box.bottom > edge.top;
      });
      strip.classList.toggle("covered", covered && strip.scrollWidth <= strip.clientWidth);
      if (strip.scrollWidth > strip.clientWidth) strip.scrollLeft = links[here].offsetLeft - 24;
    };
    addEventListener("scroll", mark, { passive: true });
    mark();
  }

  for (const script of document.querySelectorAll("script[data-figure]")) draw(script);
  figures.forEach(fit);
  followContents();
  let known = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === known) return;
    known = window.innerWidth;
    figures.forEach(fit);
  });
})();
