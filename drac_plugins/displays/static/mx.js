// Colours follow the sliders at once, and the server remembers where they were left. Without this script the form does both.
(() => {
  "use strict";
  const form = document.querySelector("form.mx-scale");
  if (!form) return;
  const ends = { worst: form.elements.worst, best: form.elements.best };
  const reset = form.querySelector("button[name=reset]");
  const state = form.querySelector("[data-scale-state]");
  const words = ["bad", "middling", "good"];

  const position = (value) => {
    const worst = Number(ends.worst.value), width = Number(ends.best.value) - worst;
    return width === 0 ? 0.5 : Math.min(Math.max((value - worst) / width, 0), 1);
  };

  const recolour = () => {
    for (const end of Object.values(ends)) {
      end.parentElement.querySelector("output").value = Number(Number(end.value).toPrecision(4));
    }
    for (const one of document.querySelectorAll("[data-scale-value]")) {
      const place = position(Number(one.dataset.scaleValue));
      for (let step = 0; step <= 10; step++) one.classList.toggle("scale" + step, step === Math.round(place * 10));
      const word = one.parentElement.querySelector("[data-scale-word]");
      if (word) word.textContent = words[place < 1 / 3 ? 0 : place > 2 / 3 ? 2 : 1];
    }
  };

  const remember = async () => {
    const reply = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
    if (reply.type !== "opaqueredirect" && !reply.ok) throw new Error("not remembered: " + reply.status);
    reset.disabled = false;
    state.textContent = "You moved the ends; they are remembered until the browser is closed.";
  };

  form.addEventListener("input", recolour);
  form.addEventListener("change", () => remember().catch(() => { state.textContent = "The ends could not be remembered; press Apply."; }));
})();
