/* Builds the page from its embedded state, as a page that is all script does. */
(function () {
  "use strict";
  var state = JSON.parse(document.getElementById("__NEXT_DATA__").textContent);
  var article = state.props.pageProps.article;
  var root = document.getElementById("__next");
  var add = function (name, text, parent) {
    var made = document.createElement(name);
    made.textContent = text;
    (parent || root).appendChild(made);
    return made;
  };
  root.textContent = "";
  root.className = "wrap story";
  add("h1", article.headline);
  add("p", article.standfirst).className = "standfirst";
  add("p", "By " + article.authors.map(function (author) { return author.name; }).join(" and "));
  var figure = add("figure", "");
  figure.appendChild(Object.assign(new Image(), article.cover));
  add("figcaption", article.cover.caption, figure);
  article.body.forEach(function (block) { add(block.type, block.content); });
})();
