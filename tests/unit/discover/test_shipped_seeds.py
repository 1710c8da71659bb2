"""The seeds that ship: their form, their sources, and that patterns tell articles from lists."""

import tomllib
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from archiver.config.seeds import load_seeds
from archiver.discover.candidates import is_candidate, is_own
from archiver.model import Outlet
from archiver.urls import canonical_url, host_of

SEEDS = Path(__file__).parents[3] / "seeds"
FILES = sorted(SEEDS.rglob("*.toml"))
OUTLETS = load_seeds(SEEDS)
PATTERNED = {outlet.id: outlet for outlet in OUTLETS.values() if outlet.article_include}

# Hosts that serve the feeds of an outlet and are below no host of its own.
FEED_HOSTS = {
    "bbc-news": {"feeds.bbci.co.uk"},
    "corriere-della-sera": {"xml2.corriereobjects.it"},
    "el-mundo": {"e00-elmundo.uecdn.es"},
    "expresso": {"rss.impresa.pt"},
    "gma-news": {"data.gmanews.tv"},
    "ndtv": {"feeds.feedburner.com"},
    "publico": {"feeds.feedburner.com"},
    "sky-news": {"feeds.skynews.com"},
}

# Addresses in the form that each outlet gives its articles, of every outlet with `include`.
ARTICLES = {
    "20-minuten": "https://www.20min.ch/story/ein-paar-worte-103100001",
    "24sata": "https://www.24sata.hr/news/nekoliko-rijeci-978001",
    "abc": "https://www.abc.es/espana/unas-palabras-20240506120000-nt.html",
    "abc-news": "https://www.abc.net.au/news/2024-05-06/some-words/103806094",
    "ad": "https://www.ad.nl/binnenland/een-paar-woorden~a1b2c3d4/",
    "adevarul": "https://adevarul.ro/politica/cateva-cuvinte-2358001.html",
    "aftenposten": "https://www.aftenposten.no/norge/i/abC12d/noen-ord",
    "aftonbladet": "https://www.aftonbladet.se/nyheter/a/abC12d/nagra-ord",
    "agencia-brasil": "https://agenciabrasil.ebc.com.br/politica/noticia/2024-05/algumas-palavras",
    "aktuality": "https://www.aktuality.sk/clanok/abc1234/par-slov/",
    "aktualne": "https://zpravy.aktualne.cz/domaci/par-slov/r~0123456789abcdef/",
    "al-jazeera-arabic": "https://www.aljazeera.net/news/2024/5/6/%D9%83%D9%84%D9%85%D8%A7%D8%AA",
    "al-jazeera-english": "https://www.aljazeera.com/news/2024/5/6/some-words",
    "al-masry-al-youm": "https://www.almasryalyoum.com/news/details/3170001",
    "ansa": "https://www.ansa.it/sito/notizie/politica/2024/05/06/alcune-parole_60a0111a-c2d2-46c8-9e93-b16a374e6ba8.html",
    "ap-news": "https://apnews.com/article/some-words-3cc842471fb9df42315d658d88c8403a",
    "ara": "https://www.ara.cat/politica/unes-paraules_1_5020001.html",
    "asahi-shimbun": "https://www.asahi.com/articles/ASS562PZ1S56UTFK001M.html",
    "bangkok-post": "https://www.bangkokpost.com/thailand/politics/2787001/some-words",
    "bbc-news": "https://www.bbc.com/news/articles/clymn8zyrp9o?at_medium=RSS",
    "berita-harian": "https://www.bharian.com.my/berita/nasional/2024/05/1243001/beberapa-perkataan",
    "berliner-zeitung": "https://www.berliner-zeitung.de/politik-gesellschaft/ein-paar-worte-li.2210001",
    "cbc-news": "https://www.cbc.ca/news/politics/some-words-1.7195001",
    "channels-tv": "https://www.channelstv.com/2024/05/06/some-words/",
    "chosun-ilbo": "https://www.chosun.com/politics/2024/05/06/ABCDEFGHIJKLMNOPQRSTUV2345/",
    "clarin": "https://www.clarin.com/politica/unas-palabras_0_aB3dE5fG7h.html",
    "cna": "https://www.channelnewsasia.com/asia/some-words-4310001",
    "cnbc": "https://www.cnbc.com/2024/05/06/some-words.html",
    "cnn": "https://www.cnn.com/2024/05/06/politics/some-words/index.html",
    "correio-da-manha": "https://www.cmjornal.pt/politica/detalhe/umas-palavras",
    "corriere-della-sera": "https://www.corriere.it/politica/24_maggio_06/alcune-parole-60a0111a-c2d2-46c8-9e93-b16a374e6xlk.shtml",
    "cumhuriyet": "https://www.cumhuriyet.com.tr/turkiye/birkac-soz-2203001",
    "cyprus-mail": "https://cyprus-mail.com/2024/05/06/some-words/",
    "dagbladet": "https://www.dagbladet.no/nyheter/noen-ord/81240001",
    "daily-express": "https://www.express.co.uk/news/politics/1895001/some-words",
    "daily-mail": "https://www.dailymail.co.uk/news/article-13390001/some-words.html",
    "daily-maverick": "https://www.dailymaverick.co.za/article/2024-05-06-some-words/",
    "daily-mirror": "https://www.mirror.co.uk/news/politics/some-words-32740001",
    "dainik-bhaskar": "https://www.bhaskar.com/national/news/kuch-shabd-132980001.html",
    "der-standard": "https://www.derstandard.at/story/3000000218001/ein-paar-worte",
    "die-presse": "https://www.diepresse.com/18430001/ein-paar-worte",
    "divya-bhaskar": "https://www.divyabhaskar.co.in/national/news/thoda-shabdo-132980001.html",
    "dnes": "https://www.dnes.bg/obshtestvo/2024/05/06/niakolko-dumi.601001",
    "dr": "https://www.dr.dk/nyheder/indland/et-par-ord-om-noget",
    "dw": "https://www.dw.com/de/ein-paar-worte/a-69000001",
    "el-colombiano": "https://www.elcolombiano.com/colombia/unas-palabras-AB24321001",
    "el-comercio": "https://elcomercio.pe/politica/unas-palabras-noticia/",
    "el-financiero": "https://www.elfinanciero.com.mx/nacional/2024/05/06/unas-palabras/",
    "el-mundo": "https://www.elmundo.es/espana/2024/05/06/6638a1b2e4d4d8a1b2c3d4e5.html",
    "el-pais": "https://elpais.com/internacional/2024-05-06/unas-palabras.html",
    "el-siglo-de-torreon": "https://www.elsiglodetorreon.com.mx/noticia/2024/unas-palabras.html",
    "el-tiempo": "https://www.eltiempo.com/mundo/latinoamerica/unas-palabras-3340001",
    "el-watan": "https://www.elwatannews.com/news/details/7320001",
    "eldiario-es": "https://www.eldiario.es/politica/unas-palabras_1_11340001.html",
    "europa-press": "https://www.europapress.es/nacional/noticia-unas-palabras-20240506120000.html",
    "excelsior": "https://www.excelsior.com.mx/nacional/unas-palabras/1650001",
    "expreso": "https://www.expreso.ec/actualidad/unas-palabras-199001.html",
    "express-tribune": "https://tribune.com.pk/story/2465001/some-words",
    "express-urdu": "https://www.express.pk/story/2640001/1/",
    "expresso": "https://expresso.pt/politica/2024-05-06-umas-palavras-1a2b3c4d",
    "faz": "https://www.faz.net/aktuell/politik/ein-paar-worte-19700001.html",
    "folha": "https://www1.folha.uol.com.br/poder/2024/05/algumas-palavras.shtml",
    "france-24": "https://www.france24.com/fr/europe/20240506-des-mots",
    "franceinfo": "https://www.francetvinfo.fr/monde/des-mots_6520001.html",
    "gazeta-uz": "https://www.gazeta.uz/ru/2024/05/06/words/",
    "globe-and-mail": "https://www.theglobeandmail.com/canada/article-some-words/",
    "globes": "https://www.globes.co.il/news/article.aspx?did=1001478001",
    "gma-news": "https://www.gmanetwork.com/news/topstories/nation/906001/some-words/story/",
    "hankyoreh": "https://www.hani.co.kr/arti/politics/politics_general/1139001.html",
    "heise": "https://www.heise.de/news/Ein-paar-Worte-9700001.html",
    "helsingin-sanomat": "https://www.hs.fi/politiikka/art-2000010400001.html",
    "hket": "https://inews.hket.com/article/3750001/words",
    "hln": "https://www.hln.be/binnenland/een-paar-woorden~a1b2c3d4/",
    "hong-kong-free-press": "https://hongkongfp.com/2024/05/06/some-words/",
    "hurriyet": "https://www.hurriyet.com.tr/gundem/birkac-soz-42456001",
    "hvg": "https://hvg.hu/itthon/20240506_nehany-szo",
    "il-post": "https://www.ilpost.it/2024/05/06/alcune-parole/",
    "in-gr": "https://www.in.gr/2024/05/06/politics/merikes-lekseis/",
    "independent": "https://www.independent.co.uk/news/uk/politics/some-words-b2540001.html",
    "index": "https://index.hu/belfold/2024/05/06/nehany-szo/",
    "indian-express": "https://indianexpress.com/article/india/some-words-9310001/",
    "infobae": "https://www.infobae.com/politica/2024/05/06/unas-palabras/",
    "inquirer": "https://newsinfo.inquirer.net/1937001/some-words",
    "irish-independent": "https://www.independent.ie/irish-news/some-words/a1234567890.html",
    "irish-times": "https://www.irishtimes.com/ireland/2024/05/06/some-words/",
    "isna": "https://www.isna.ir/news/1403021712001/%DA%86%D9%86%D8%AF",
    "jamaica-star": "https://jamaica-star.com/article/news/20240506/some-words",
    "jang": "https://jang.com.pk/news/1345001",
    "jerusalem-post": "https://www.jpost.com/middle-east/article-800001",
    "jeune-afrique": "https://www.jeuneafrique.com/1564001/politique/des-mots/",
    "jyllands-posten": "https://jyllands-posten.dk/indland/ECE17070001/et-par-ord/",
    "kaieteur-news": "https://www.kaieteurnewsonline.com/2024/05/06/some-words/",
    "kaler-kantho": "https://www.kalerkantho.com/online/national/2024/05/06/1385001",
    "kommersant": "https://www.kommersant.ru/doc/6680001",
    "kyunghyang-shinmun": "https://www.khan.co.kr/article/202405061200001",
    "l-orient-le-jour": "https://www.lorientlejour.com/article/1412001/des-mots.html",
    "la-depeche": "https://www.ladepeche.fr/2024/05/06/des-mots-11930001.php",
    "la-diaria": "https://ladiaria.com.uy/politica/articulo/2024/5/unas-palabras/",
    "la-libre": "https://www.lalibre.be/belgique/2024/05/06/des-mots-ABCDEFGHIJKLMNOPQRSTUV2345/",
    "la-nacion": "https://www.lanacion.com.ar/politica/unas-palabras-nid06052024/",
    "la-presse": "https://www.lapresse.ca/actualites/politique/2024-05-06/des-mots.php",
    "la-republica": "https://larepublica.pe/politica/2024/05/06/unas-palabras-1240001",
    "la-vanguardia": "https://www.lavanguardia.com/politica/20240506/9610001/unas-palabras.html",
    "la-voz-de-galicia": "https://www.lavozdegalicia.es/noticia/espana/2024/05/06/unas-palabras/00031714990000000000000.htm",
    "le-figaro": "https://www.lefigaro.fr/politique/des-mots-20240506",
    "le-journal-de-montreal": "https://www.journaldemontreal.com/2024/05/06/des-mots",
    "le-monde": "https://www.lemonde.fr/politique/article/2023/08/30/des-mots_6187099_823448.html",
    "le-parisien": "https://www.leparisien.fr/politique/des-mots-06-05-2024-ABCDEFGHIJKLMNOPQRSTUV2345.php",
    "le-soir": "https://www.lesoir.be/585001/article/2024-05-06/des-mots",
    "leaders": "https://www.leaders.com.tn/article/36001-des-mots",
    "lenta": "https://lenta.ru/news/2024/05/06/neskolko-slov/",
    "liberation": "https://www.liberation.fr/politique/des-mots-20240506_ABCDEFGHIJKLMNOPQRSTUV2345/",
    "los-angeles-times": "https://www.latimes.com/california/story/2024-05-06/some-words",
    "lrt": "https://www.lrt.lt/naujienos/lietuvoje/2/2270001/keli-zodziai",
    "luxemburger-wort": "https://www.wort.lu/politik/ein-paar-worte/10900001.html",
    "maharashtra-times": "https://maharashtratimes.com/india-news/kahi-shabda/articleshow/109870001.cms",
    "mainichi-shimbun": "https://mainichi.jp/articles/20240506/k00/00m/040/001000c",
    "malay-mail": "https://www.malaymail.com/news/malaysia/2024/05/06/some-words/132001",
    "mediapart": "https://www.mediapart.fr/journal/politique/060524/des-mots",
    "meduza": "https://meduza.io/news/2024/05/06/neskolko-slov",
    "mehr-news": "https://www.mehrnews.com/news/6098001/%DA%86%D9%86%D8%AF",
    "metro": "https://metro.co.uk/2024/05/06/some-words-20780001/",
    "milli": "https://news.milli.az/society/1234001.html",
    "morgunbladid": "https://www.mbl.is/frettir/innlent/2024/05/06/nokkur_ord/",
    "naftemporiki": "https://www.naftemporiki.gr/politics/1661001/merikes-lexeis/",
    "ndtv": "https://www.ndtv.com/india-news/some-words-5600001",
    "nepszava": "https://nepszava.hu/3234001_nehany-szo",
    "new-york-times": "https://www.nytimes.com/2024/05/06/us/some-words.html",
    "nhk": "http://www3.nhk.or.jp/news/html/20240506/k10014441000000.html",
    "nos": "https://nos.nl/artikel/2519001-een-paar-woorden",
    "novinky": "https://www.novinky.cz/clanek/domaci-par-slov-40470001",
    "npr": "https://www.npr.org/2024/05/06/1249000000/some-words",
    "nrc": "https://www.nrc.nl/nieuws/2024/05/06/een-paar-woorden-a4198001",
    "nrk": "https://www.nrk.no/norge/noen-ord-1.16870001",
    "nu-nl": "https://www.nu.nl/politiek/6311001/een-paar-woorden.html",
    "nz-herald": "https://www.nzherald.co.nz/nz/some-words/ABCDEFGHIJKLMNOPQRSTUV2345/",
    "nzz": "https://www.nzz.ch/international/ein-paar-worte-ld.1829001",
    "o-globo": "https://oglobo.globo.com/politica/noticia/2024/05/06/algumas-palavras.ghtml",
    "omroep-brabant": "https://www.omroepbrabant.nl/nieuws/4467001/een-paar-woorden",
    "onlinekhabar": "https://www.onlinekhabar.com/2024/05/1471001/some-words",
    "opinion": "https://www.opinion.com.bo/articulo/pais/unas-palabras/20240506120000940001.html",
    "orf": "https://orf.at/stories/3356001/",
    "ouest-france": "https://www.ouest-france.fr/politique/des-mots-60a0111a-c2d2-46c8-9e93-b16a374e6ba8",
    "people-cn": "http://politics.people.com.cn/n1/2024/0506/c1001-40229001.html",
    "politiken": "https://politiken.dk/danmark/art9880001/Et-par-ord",
    "polsat-news": "https://www.polsatnews.pl/wiadomosc/2024-05-06/kilka-slow/",
    "premium-times": "https://www.premiumtimesng.com/news/headlines/691001-some-words.html",
    "publico": "https://www.publico.pt/2024/05/06/politica/noticia/umas-palavras-2089001",
    "repubblica": "https://www.repubblica.it/politica/2024/05/06/news/alcune_parole-422850001/",
    "republika": "https://news.republika.co.id/berita/sd1abc001/beberapa-kata",
    "reuters": "https://www.reuters.com/world/europe/some-words-2024-05-06/",
    "rfi": "https://www.rfi.fr/fr/france/20240506-des-mots",
    "rheinische-post": "https://rp-online.de/politik/deutschland/ein-paar-worte_aid-112000001",
    "rmf24": "https://www.rmf24.pl/fakty/polska/news-kilka-slow,nId,7490001",
    "rossiyskaya-gazeta": "https://rg.ru/2024/05/06/neskolko-slov.html",
    "rpp": "https://rpp.pe/politica/actualidad/unas-palabras-noticia-1550001",
    "rtbf": "https://www.rtbf.be/article/des-mots-11370001",
    "rts": "https://www.rts.rs/vesti/politika/5432001/nekoliko-reci.html",
    "rtv-slo": "https://www.rtvslo.si/slovenija/nekaj-besed/706001",
    "ruv": "https://www.ruv.is/frettir/innlent/2024-05-06-nokkur-ord-412001",
    "rzeczpospolita": "https://www.rp.pl/polityka/art40300001-kilka-slow",
    "sabah": "https://www.sabah.com.tr/gundem/2024/05/06/birkac-soz",
    "sbs-news": "https://www.sbs.com.au/news/article/some-words/abc1def2g",
    "scmp": "https://www.scmp.com/news/china/politics/article/3261001/some-words",
    "senego": "https://senego.com/des-mots_1690001.html",
    "seznam-zpravy": "https://www.seznamzpravy.cz/clanek/domaci-politika-par-slov-251001",
    "sky-news": "https://news.sky.com/story/some-words-13256411",
    "spiegel": "https://www.spiegel.de/ausland/worte-a-60a0111a-c2d2-46c8-9e93-b16a374e6ba8#ref=rss",
    "stirile-pro-tv": "https://stirileprotv.ro/stiri/actualitate/cateva-cuvinte.html",
    "stuff": "https://www.stuff.co.nz/nz-news/350270001/some-words",
    "stvr": "https://spravy.stvr.sk/2024/05/par-slov/",
    "suara": "https://www.suara.com/news/2024/05/06/120000/beberapa-kata",
    "sueddeutsche": "https://www.sueddeutsche.de/politik/ein-paar-worte-lux.7xKq2bTzYpLm4nWcVd9R",
    "svenska-dagbladet": "https://www.svd.se/a/dRabc1/nagra-ord",
    "sydney-morning-herald": "https://www.smh.com.au/politics/federal/some-words-20240506-p5fp12.html",
    "tabnak": "https://www.tabnak.ir/fa/news/1235001/%DA%86%D9%86%D8%AF",
    "tages-anzeiger": "https://www.tagesanzeiger.ch/ein-paar-worte-468900000001",
    "tagesschau": "https://www.tagesschau.de/ausland/europa/worte-100.html",
    "taipei-times": "https://www.taipeitimes.com/News/front/archives/2024/05/06/2003817001",
    "tartu-postimees": "https://tartu.postimees.ee/8012001/moned-sonad",
    "tass": "https://tass.ru/politika/20720001",
    "taz": "https://taz.de/Ein-paar-Worte/!6000001/",
    "teraz": "https://www.teraz.sk/slovensko/par-slov/794001-clanok.html",
    "thairath": "https://www.thairath.co.th/news/politic/2784001",
    "the-canberra-times": "https://www.canberratimes.com.au/story/8616001/some-words/",
    "the-daily-star": "https://www.thedailystar.net/news/bangladesh/news/some-words-3602001",
    "the-guardian": "https://www.theguardian.com/world/2024/may/06/some-words",
    "the-hindu": "https://www.thehindu.com/news/national/some-words/article68140001.ece",
    "the-journal": "https://www.thejournal.ie/some-words-6371001-May2024/",
    "the-standard": "https://www.standard.co.uk/news/london/some-words-b1156001.html",
    "the-standard-kenya": "https://www.standardmedia.co.ke/national/article/2001494001/some-words",
    "the-west-australian": "https://thewest.com.au/politics/some-words-c-14560001",
    "times-live": "https://www.timeslive.co.za/news/south-africa/2024-05-06-some-words/",
    "times-of-india": "https://timesofindia.indiatimes.com/india/some-words/articleshow/109870001.cms",
    "times-of-malta": "https://timesofmalta.com/article/some-words.1092001",
    "tokyo-shimbun": "https://www.tokyo-np.co.jp/article/325001",
    "tportal": "https://www.tportal.hr/vijesti/clanak/nekoliko-rijeci-20240506",
    "tribunnews": "https://www.tribunnews.com/nasional/2024/05/06/beberapa-kata",
    "tsn": "https://tsn.ua/politika/kilka-sliv-2572001.html",
    "ukrainska-pravda": "https://www.pravda.com.ua/news/2024/05/06/7454321/",
    "usa-today": "https://www.usatoday.com/story/news/politics/2024/05/06/some-words/73580001007/",
    "vanguard": "https://www.vanguardngr.com/2024/05/some-words/",
    "vg": "https://www.vg.no/nyheter/innenriks/i/abC12d/noen-ord",
    "vietnamnet": "https://vietnamnet.vn/vai-loi-2277001.html",
    "vijesti": "https://www.vijesti.me/vijesti/politika/706001/nekoliko-rijeci",
    "virumaa-teataja": "https://virumaateataja.postimees.ee/8012001/moned-sonad",
    "vnexpress": "https://vnexpress.net/vai-loi-4742001.html",
    "walesonline": "https://www.walesonline.co.uk/news/wales-news/some-words-29120001",
    "welt": "https://www.welt.de/politik/deutschland/article251370001/Ein-paar-Worte.html",
    "winnipeg-free-press": "https://www.winnipegfreepress.com/breakingnews/2024/05/06/some-words",
    "yle": "https://yle.fi/a/74-20087001",
    "ynet": "https://www.ynet.co.il/news/article/abc123def",
    "yomiuri-shimbun": "https://www.yomiuri.co.jp/national/20240506-OYT1T50001/",
    "yonhap": "https://www.yna.co.kr/view/AKR20240506000100001",
}


def comments(file: Path) -> list[str]:
    """The comment that a file begins with."""
    lines = file.read_text(encoding="utf-8").splitlines()
    end = next(at for at, line in enumerate(lines) if not line.startswith("#"))
    return lines[:end]


def urls(outlet: Outlet) -> list[str]:
    return [outlet.homepage, *(source.url for source in outlet.sources)]


def test_there_are_many_of_many_places():
    assert len(OUTLETS) >= 120
    assert len({outlet.country for outlet in OUTLETS.values()}) >= 30
    assert len({(outlet.language or "").split("-")[0] for outlet in OUTLETS.values()}) >= 20


def test_files_are_named_after_their_outlets_and_countries():
    assert sorted(file.stem for file in FILES) == list(OUTLETS)
    for file in FILES:
        assert (OUTLETS[file.stem].country or "").lower() == file.parent.name
        assert file.parent.parent == SEEDS


@pytest.mark.parametrize("outlet", OUTLETS.values(), ids=OUTLETS)
def test_each_says_where_it_is_at_home(outlet: Outlet):
    assert outlet.country
    assert outlet.language
    assert "/" in (outlet.timezone or "")  # a place, not an abbreviation such as CET


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_each_names_its_sources_and_that_it_was_not_tried(file: Path):
    first, *others = comments(file)
    assert first.startswith("# Source: github.com/")
    tries = f"# Not tried live: `archiver outlets check {file.stem}` tells whether"
    assert sum(line.startswith(tries) for line in others) == 1


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_lists_are_not_empty_and_name_nothing_twice(file: Path):
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    for key in {"feeds", "sitemaps", "sections", "hosts"} & set(data):
        assert data[key]
        assert len(set(data[key])) == len(data[key])


@pytest.mark.parametrize("outlet", OUTLETS.values(), ids=OUTLETS)
def test_addresses_are_of_public_hosts(outlet: Outlet):
    for url in urls(outlet):
        parts = urlsplit(url)
        assert parts.scheme in ("http", "https")
        assert parts.port is None
        assert not parts.fragment
        labels = host_of(url).split(".")
        assert len(labels) >= 2
        assert labels[-1].isalpha()
        assert labels[-1] not in ("test", "example", "invalid", "local", "localhost", "internal")


def test_home_pages_are_https():
    plain = [outlet.id for outlet in OUTLETS.values() if outlet.homepage.startswith("http:")]
    assert plain == ["people-cn"]


def test_no_address_serves_two_outlets():
    outlets = OUTLETS.values()
    homes = Counter(canonical_url(outlet.homepage) for outlet in outlets)
    sources = Counter(canonical_url(source.url) for outlet in outlets for source in outlet.sources)
    assert [url for url, times in [*homes.items(), *sources.items()] if times > 1] == []


@pytest.mark.parametrize("outlet", OUTLETS.values(), ids=OUTLETS)
def test_sources_are_the_outlets_own(outlet: Outlet):
    foreign = {host_of(source.url) for source in outlet.sources if not is_own(source.url, outlet)}
    assert foreign == FEED_HOSTS.get(outlet.id, set())


def test_every_pattern_has_an_example():
    assert set(PATTERNED) == set(ARTICLES)


@pytest.mark.parametrize("outlet", PATTERNED.values(), ids=PATTERNED)
def test_patterns_admit_articles_and_no_lists(outlet: Outlet):
    assert is_candidate(canonical_url(ARTICLES[outlet.id]), outlet)
    for listed in urls(outlet):
        assert not is_candidate(listed, outlet)
        assert not is_candidate(canonical_url(listed), outlet)
