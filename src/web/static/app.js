// Enhancements only: every form works without this file.
(function () {
  "use strict";
  document.documentElement.classList.add("js");
  var line = document.getElementById("line");
  var parsed = document.getElementById("parsed");
  var timer = 0;
  var latest = 0;
  function preview() {
    var mine = ++latest;
    if (!line.value.trim()) { parsed.replaceChildren(); return; }
    fetch("/lines/preview", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "line=" + encodeURIComponent(line.value)
    }).then(function (answer) { return answer.ok ? answer.text() : ""; }).then(function (html) {
      if (mine !== latest) { return; }
      var page = new DOMParser().parseFromString(html, "text/html");
      parsed.replaceChildren.apply(parsed, Array.from(page.body.childNodes));
    }).catch(function () {});
  }
  if (line && parsed) {
    line.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(preview, 250); });
    if (line.value) { preview(); }
    document.addEventListener("keydown", function (event) {
      if ((event.metaKey || event.ctrlKey) && event.key === "Enter" && document.activeElement === line) { line.form.submit(); }
    });
  }
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    button.addEventListener("click", function () {
      var source = document.querySelector(button.dataset.copy);
      var text = "value" in source ? source.value : source.textContent;
      var words = button.querySelector("span") || button;
      function done() {
        button.dataset.label = button.dataset.label || words.textContent;
        words.textContent = button.dataset.done || "✓";
        button.dataset.copied = "yes";
        setTimeout(function () { words.textContent = button.dataset.label; }, 2000);
      }
      function select() {
        // Without a secure context there is no clipboard: the text is selected, and copied where the browser lets us.
        if (source.select) { source.select(); } else { getSelection().selectAllChildren(source); }
        if (document.execCommand("copy")) { done(); }
      }
      var rich = button.dataset.rich && document.querySelector(button.dataset.rich);
      if (navigator.clipboard && window.isSecureContext) {
        // Documents take the rich form, editors the Markdown: both are on the clipboard at once.
        var both = rich && window.ClipboardItem && navigator.clipboard.write && navigator.clipboard.write([new ClipboardItem({
          "text/html": new Blob([rich.innerHTML], { type: "text/html" }),
          "text/plain": new Blob([text], { type: "text/plain" })
        })]);
        (both || navigator.clipboard.writeText(text)).then(done, select);
      } else { select(); }
    });
  });
}());
