#!/usr/bin/env python3
"""value_points.py: golden values of the value models, by mpmath (pip install mpmath), for test/unit/value.c.
   value_points.py points N > value_points.txt      value_points.py discounted > value_discounted.txt
Every value is a positive integral or a hypergeometric form in 50 digits and more; nothing of the extension is used."""
import sys
what = sys.argv.pop(1)
if what == 'points':
    print('# family (1 BG/NBD, 2 MBG/NBD, 3 Pareto/NBD), four parameters, x, tx, T, t, P(alive), expected purchases, log-likelihood: value_points.py')
    # harder points by mpmath: positive integrals at high precision
    from mpmath import *
    import random, sys
    random.seed(7)
    mp.dps=50
    def bg_M(r,al,a,b,t):
        # (a+b-1)/(a-1)[1-(1-z)^r 2F1(r,b;a+b-1;z)]; perturb-free at a=1 by limit
        z=t/(al+t)
        mp.dps=120
        eps=mpf(10)**-50
        if abs(a-1)<eps: a=a+mpf(10)**-40
        if abs(a+b-1)<eps: b=b+mpf(10)**-45
        v=(a+b-1)/(a-1)*(1-(1-z)**r*hyp2f1(r,b,a+b-1,z))
        mp.dps=50
        return v
    def bg(kind,p,x,tx,T,t):
        r,al,a,b=p
        if kind==1: odds = 0 if x==0 else a/(b+x-1)*((al+T)/(al+tx))**(r+x); B=b+x
        else: odds = a/(b+x)*((al+T)/(al+tx))**(r+x); B=b+x+1
        pa=1/(1+odds)
        e=pa*bg_M(r+x,al+T,a,B,t)
        if kind==1: ll=loggamma(r+x)-loggamma(r)+r*log(al)-(r+x)*log(al+T)+log(rf(b,x)/rf(a+b,x))+log(1+odds)
        else: ll=loggamma(r+x)-loggamma(r)+r*log(al)-(r+x)*log(al+T)+log(rf(b,x+1)/rf(a+b,x+1))+log(1+odds)
        return pa,e,ll
    def par(p,x,tx,T,t):
        r,al,s,be=p
        k=r+x
        mp.dps=60
        f=lambda u: exp(-k*log((al+u)/(al+T))-(s+1)*log((be+u)/(be+T)))
        # change variable
        m=min(al,be)
        g=lambda v: f((m+tx)*exp(v)-m)*(m+tx)*exp(v)
        V=log((m+T)/(m+tx))
        # break points
        pts=[V*(mpf(i)/64) for i in range(65)]
        # concentrate near 0
        w=min(V, mpf(80)/(k+s))
        pts=sorted(set([w*mpf(i)/24 for i in range(25)]+[q for q in pts if q>w]))
        Q=s/(be+T)*quad(g,pts) if T>tx else mpf(0)
        pa=1/(1+Q)
        L=log((be+T+t)/(be+T))
        if s==1: e=pa*k*(be+T)/(al+T)*L
        else: e=pa*k*(be+T)/(al+T)*(1-exp(-(s-1)*L))/(s-1)
        ll=loggamma(k)-loggamma(r)+r*log(al)-k*log(al+T)+s*log(be/(be+T))+log(1+Q)
        mp.dps=50
        return pa,e,ll
    def lg(lo,hi): return 10**random.uniform(lo,hi)
    out=[]
    def dd(v): return float('%.6g'%v)
    N=int(sys.argv[1])
    for i in range(N):
        kind=random.choice([1,2,3])
        p=[dd(lg(-3,2)),dd(lg(-3,3)),dd(lg(-3,2)),dd(lg(-3,2))]
        if kind<3:
            c=random.random()
            if c<.15: p[2]=1.0
            elif c<.3: p[2]=dd(random.uniform(.05,.5)); p[3]=dd(random.uniform(.05,.5))
            elif c<.4: p[2]=2.0
        else:
            c=random.random()
            if c<.2: p[2]=1.0
            if c>.9: p[3]=p[1]
        x=random.choice([0,0,1,2,3,10,random.randint(0,300),int(lg(2,5))])
        T=dd(lg(-2,random.choice([2,4,7])))
        tx=0.0 if x==0 else dd(T*random.choice([random.random(),1-10**random.uniform(-6,-1),1]))
        t=dd(lg(-6,random.choice([1,3,5])))
        mp_=[mpf(v) for v in p]
        try:
            r= par(mp_,x,mpf(tx),mpf(T),mpf(t)) if kind==3 else bg(kind,mp_,x,mpf(tx),mpf(T),mpf(t))
        except Exception as e:
            print('skip',kind,p,x,tx,T,t,repr(e)[:60],file=sys.stderr); continue
        print(kind,*[repr(v) for v in p],x,repr(tx),repr(T),repr(t),*[nstr(v,20) for v in r],flush=True)

else:
    print('# family (as above, 5 BG/BB), four parameters, x, tx, T, discount a unit, horizon, discounted purchases: value_points.py')
    from mpmath import *
    import random
    random.seed(5)
    mp.dps=30
    def dd(v): return float('%.5g'%v)
    def lg(lo,hi): return 10**random.uniform(lo,hi)
    def odds_par(p,x,tx,T):
        r,al,s,be=p;k=r+x
        return s/(be+T)*quad(lambda u: ((al+T)/(al+u))**k*((be+T)/(be+u))**(s+1), linspace(tx,T,9)) if T>tx else mpf(0)
    for i in range(24):
        kind=random.choice([1,2,3,5])
        x=random.choice([0,1,3,12]); T=mpf(dd(lg(0,2))); tx=mpf(0) if x==0 else mpf(dd(float(T)*random.uniform(.3,1)))
        d=mpf(random.choice(['0.001','0.0027','0.02','0.1'])); 
        h=random.choice([inf,inf,mpf(10),mpf(52)])
        p=[mpf(dd(lg(-1,.6))),mpf(dd(lg(0,1.3))),mpf(dd(lg(-1,.5))),mpf(dd(lg(-.5,1)))]
        rate=log(1+d); H= h if h!=inf else 60/rate
        if kind==3:
            k=p[0]+x; a=p[1]+T; b=p[3]+T
            v=k/a*quad(lambda s: exp(-rate*s)*(1+s/b)**(-p[2]), linspace(0,H,13))/(1+odds_par(p,x,tx,T))
        elif kind in(1,2):
            r,al,a,b=p
            if kind==1: o=0 if x==0 else a/(b+x-1)*((al+T)/(al+tx))**(r+x); B=b+x
            else: o=a/(b+x)*((al+T)/(al+tx))**(r+x); B=b+x+1
            R=r+x;A=al+T
            g=lambda s: exp(-rate*s)*R/A*hyp2f1(R+1,a,a+B,-s/A)
            mp.dps=20
            v=quad(g,linspace(0,min(H,mpf(50)),4)+([mpf(2)**j*50 for j in range(1,12) if mpf(2)**j*50<H]+[H] if H>50 else []))/(1+o)
            mp.dps=30
        else:
            n=int(T); 
            if n<1: continue
            x=min(x,n); tx=0 if x==0 else random.randint(x,n); T=mpf(n); tx=mpf(tx)
            al,be,ga,de=p
            L=beta(al+x,be+n-x)*beta(ga,de+n)+sum(beta(al+x,be+tx-x+i)*beta(ga+1,de+tx+i) for i in range(int(n-tx)))
            if h==inf: 
                v=beta(al+x+1,be+n-x)*beta(ga,de+n+1)/(1+d)*hyp2f1(1,de+n+1,ga+de+n+1,1/(1+d))/L
            else:
                v=sum(beta(al+x+1,be+n-x)*beta(ga,de+n+j)/(1+d)**j for j in range(1,int(h)+1))/L
        print(kind,*[repr(float(q)) for q in p],x,repr(float(tx)),repr(float(T)),d,h if h!=inf else 'inf',nstr(v,17),flush=True)

